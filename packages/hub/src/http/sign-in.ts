/** `/login`, `/api/auth/login`, `/api/auth/logout`: a browser shows the key once, and has a session from then on. */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { bodyJson, sendEmpty, sendJson, sendText } from "./answers.ts";
import { SIGN_IN_PAGE } from "./sign-in-page.ts";
import { route } from "./twin.ts";

const START_PAGE = "/";

/** Registers signing in and out. */
export function registerSignIn(app: FastifyInstance): void {
  const { access } = app;

  route(app, "GET", "/login", (_request, reply) =>
    sendText(reply.header("cache-control", "no-store"), SIGN_IN_PAGE, "text/html; charset=utf-8"),
  );

  route(app, "POST", "/api/auth/login", (request, reply) => {
    const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
    const { api_key, next } = isForm ? formBody(request) : jsonBody(request);
    if (typeof api_key !== "string") return sendJson(reply, { detail: "api_key must be a string" }, 422);
    const proof = access.tryKey([api_key], request.raw);
    if (!("identity" in proof)) {
      const { waitSeconds } = proof;
      if (waitSeconds === 0) return sendJson(reply, { detail: "Invalid API key" }, 401);
      reply.header("retry-after", String(waitSeconds));
      return sendJson(reply, { detail: `Too many wrong keys. Try again in ${waitSeconds} s.` }, 429);
    }
    const redirect = placeHere(next);
    reply.header("set-cookie", access.sessionCookie(proof.identity, request.raw));
    if (isForm) return sendEmpty(reply.header("location", redirect), 303);
    return sendJson(reply, { status: "ok", redirect });
  });

  route(app, "POST", "/api/auth/logout", (request, reply) => {
    reply.header("set-cookie", access.endCookie(request.raw));
    return sendEmpty(reply.header("location", "/login"), 302);
  });
}

/** The page to go on to: one of this server, else the start page. Browsers read `//` and `/\` as another host. */
function placeHere(next: unknown): string {
  if (typeof next !== "string" || !/^\/(?![/\\])[\u0020-\u007e]*$/.test(next)) return START_PAGE;
  return next;
}

function jsonBody(request: FastifyRequest): JsonObject {
  const body = bodyJson(request);
  return isJsonObject(body) ? body : {};
}

function formBody(request: FastifyRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams((request.body as Buffer | undefined)?.toString("utf8")));
}
