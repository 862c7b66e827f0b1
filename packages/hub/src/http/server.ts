/** The HTTP server of a hub, with the manners of the ComfyUI contract (section 2) and no operations yet. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import { type Identity, may, NOBODY } from "../auth/identity.ts";
import { Access, type Proof } from "./access.ts";
import { sendEmpty, sendJson, sendStatus } from "./answers.ts";
import { cacheControl } from "./cache-control.ts";
import { Compressor } from "./compress.ts";
import { corsHeaders } from "./cors.ts";
import { CONTENT_SECURITY_POLICY } from "./csp.ts";
import { EmptyError, HttpError, InvalidJsonError, SERVER_ERROR_TEXT } from "./errors.ts";
import type { HttpOptions } from "./options.ts";
import { originAllowed } from "./origin.ts";
import { isLinkPath } from "../link/link-path.ts";
import { acceptRawBodies, drainBody } from "./request-body.ts";
import { parseQuery, pathOf, repairTarget } from "./url.ts";

declare module "fastify" {
  interface FastifyInstance {
    access: Access;
  }
  interface FastifyRequest {
    /** whose request it is */
    identity: Identity;
  }
}

/** Longer values of a path parameter are nobody's id or file name. */
const MAX_PARAMETER = 8192;
const BODY_IDLE_MS = 60_000;
/** Where Studio and Control are. They judge for themselves: they want a key from everybody, and refuse in their words. */
const OWN_CONTRACTS = /^\/(?:api\/(?:admin|run|comfyui)|v1)(?:\/|$)/;
/** Open to everybody: signing in, and what a probe asks. */
const PUBLIC_PATHS = new Set(["/login", "/api/auth/login", "/api/health", "/ready"]);

export interface ServerLinks {
  /** answers what is below Studio's and Control's paths; absent: this server has them itself, or nobody */
  readonly others?: { take(request: IncomingMessage, response: ServerResponse): void };
  /** answers what is below `/link`, whose token it checks itself; absent: nobody does */
  readonly links?: { takeRequest(request: IncomingMessage, response: ServerResponse): void };
  /** a server whose keys, sessions and list of operations this one shares */
  readonly sharedWith?: FastifyInstance;
}

/** Makes the server; routes are registered on it with `route` and `twin`, files with `registerFileRoutes` of `comfy/`. */
export function createHttpServer(options: HttpOptions, links: ServerLinks = {}): FastifyInstance {
  // Fastify types a server by its transport; no operation here cares.
  const transport = options.tls === undefined ? {} : ({ https: options.tls } as object);
  const app: FastifyInstance = fastify({
    ...transport,
    loggerInstance: options.log as FastifyBaseLogger,
    // Request lines would put `?token=` into the log.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.maxUploadBytes,
    exposeHeadRoutes: false,
    // Routes have no schemas of Fastify's: loading its compilers would only cost time at every start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    rewriteUrl: (request) => repairTarget(request.url ?? "/"),
    routerOptions: { maxParamLength: MAX_PARAMETER, querystringParser: parseQuery },
  });
  const { sharedWith } = links;
  app.decorate("operations", sharedWith?.operations ?? new Map());
  app.decorate("access", sharedWith?.access ?? new Access(options));
  app.decorateReply("bare", false);
  app.decorateRequest("identity");
  guard(app, options, links);
  acceptRawBodies(app, options.maxUploadBytes, options.bodyIdleMs ?? BODY_IDLE_MS);
  addHeaders(app, options);
  answerErrors(app);
  return app;
}

function noSchemas(): never {
  throw new Error("routes have no schemas of Fastify's; handlers check what they get (http/validate.ts)");
}

/** Refuses foreign pages and unknown callers before anything is read. */
function guard(app: FastifyInstance, options: HttpOptions, { others, links }: ServerLinks): void {
  app.addHook("onRequest", async (request, reply) => {
    request.identity = NOBODY;
    const path = pathOf(request.url);
    const isOwn = OWN_CONTRACTS.test(path);
    if (isOwn && others !== undefined) {
      reply.hijack();
      return others.take(request.raw, reply.raw);
    }
    const reads = request.method === "GET" || request.method === "HEAD";
    const cors = options.corsOrigin !== undefined;
    // A signed URL is made to be shown by pages of other sites.
    const isSigned = reads && path.startsWith("/v1/output/");
    if (!cors && !isSigned && !originAllowed(request.headers)) return sendEmpty(reply, 403);
    if (links !== undefined && isLinkPath(path)) {
      reply.hijack();
      return links.takeRequest(request.raw, reply.raw);
    }
    // A preflight carries no key.
    if (request.method === "OPTIONS") return sendEmpty(reply);
    if (PUBLIC_PATHS.has(path)) return undefined;
    if (isOwn) return undefined;
    const proof = app.access.judge(request.raw);
    if (!("identity" in proof)) return refuse(request, reply, path, proof.waitSeconds);
    if (!may(proof.identity, reads ? "read" : "run")) return sendStatus(reply, 403);
    welcome(app, request, reply, proof);
    return undefined;
  });
}

/** Notes whose request it is, and lengthens the session that it came with. */
export function welcome(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  { identity, isOldSession }: Proof,
): void {
  request.identity = identity;
  if (isOldSession) reply.header("set-cookie", app.access.sessionCookie(identity, request.raw));
}

/** A person at a browser is sent to the sign-in page, a program is told what is missing. */
function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  waitSeconds: number,
): FastifyReply {
  if (waitSeconds > 0) return sendStatus(reply.header("retry-after", String(waitSeconds)), 429);
  const reads = request.method === "GET" || request.method === "HEAD";
  if (reads && !path.startsWith("/api/") && request.headers.accept?.includes("text/html") === true) {
    return sendEmpty(reply.header("location", `/login?next=${encodeURIComponent(request.url)}`), 302);
  }
  return sendStatus(reply.header("www-authenticate", 'Basic realm="Hearth", charset="UTF-8"'), 401);
}

function addHeaders(app: FastifyInstance, options: HttpOptions): void {
  const added: Record<string, string> = {
    ...(options.corsOrigin === undefined ? {} : corsHeaders(options.corsOrigin)),
    ...(options.csp ? { "content-security-policy": CONTENT_SECURITY_POLICY } : {}),
  };
  const compressor = options.compress ? new Compressor() : undefined;
  app.addHook("onSend", async (request, reply, payload) => {
    if (reply.bare) return payload;
    reply.headers(added);
    if (!reply.hasHeader("cache-control")) {
      const value = cacheControl(pathOf(request.url), reply.statusCode);
      if (value !== undefined) reply.header("cache-control", value);
    }
    return compressor === undefined ? payload : compressor.apply(request, reply, payload);
  });
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | HttpError | EmptyError | InvalidJsonError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) {
      reply.removeHeader("connection");
      drainBody(request);
    }
    if (error instanceof InvalidJsonError) return sendJson(reply, error.body, status);
    if (error instanceof EmptyError) return sendEmpty(reply, status);
    if (error instanceof HttpError && status < 500) return sendStatus(reply, status, error.message);
    if (status < 500) return sendStatus(reply, status);
    request.log.error(
      { err: error, method: request.method, path: request.url.split("?")[0] },
      "request failed",
    );
    return sendStatus(reply.header("connection", "close"), 500, SERVER_ERROR_TEXT);
  });
}
