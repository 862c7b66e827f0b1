/**
 * Operations of Studio and Control. Unlike ComfyUI's they want a key from everybody, also on this machine, and say what
 * is wrong as JSON: each contract in its own shape.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { may, type Scope } from "../auth/identity.ts";
import { sendJson } from "./answers.ts";
import { HttpError, InvalidJsonError, SERVER_ERROR_TEXT } from "./errors.ts";
import { welcome } from "./server.ts";
import { type Handler, type Method, route } from "./twin.ts";

/** How a contract words an error. */
export type ErrorShape = (status: number, text: string) => object;

/** `{"detail"}` */
export const studioError: ErrorShape = (_status, detail) => ({ detail });
/** `{"status", "message"}` */
export const controlError: ErrorShape = (status, message) => ({ status, message });

export type Register = (method: Method, path: string, scope: Scope, handler: Handler) => void;

/**
 * Gives the function that registers operations of one contract on `app`: who shows no key gets 401, who has not the
 * scope 403, and what a handler throws (`HttpError`, bad JSON) becomes the contract's error.
 */
export function ownContract(app: FastifyInstance, shape: ErrorShape): Register {
  return (method, path, scope, handler) => {
    route(app, method, path, async (request, reply) => {
      const refused = refusal(app, request, reply, scope);
      if (refused !== undefined) return sendJson(reply, shape(refused.status, refused.text), refused.status);
      try {
        return await handler(request, reply);
      } catch (error) {
        return answerError(request, reply, error, shape);
      }
    });
  };
}

const METHODS: readonly Method[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** What `closeContract` registered: these are no operations, they only say that there is none. */
const refusals = new WeakSet<Handler>();

/** True for a handler that only refuses: a description leaves it out. */
export function isRefusal(handler: Handler): boolean {
  return refusals.has(handler);
}

/**
 * Answers what no operation below `prefix` takes, in the contract's shape: 405 where the path has other methods, else 404.
 * To be called after all operations of the contract are registered.
 */
export function closeContract(app: FastifyInstance, prefix: string, shape: ErrorShape): void {
  const registerIn = ownContract(app, shape);
  const refuse = (method: Method, path: string, handler: Handler): void => {
    registerIn(method, path, "read", handler);
    const registered = app.operations.get(path)?.get(method);
    if (registered !== undefined) refusals.add(registered);
  };
  const paths = [...app.operations].filter(([path]) => path.startsWith(`${prefix}/`));
  for (const [path, methods] of paths) {
    const allow = [...methods.keys()].sort().join(",");
    for (const method of METHODS) {
      if (methods.has(method)) continue;
      refuse(method, path, (_request, reply) =>
        sendJson(reply.header("allow", allow), shape(405, "Method Not Allowed"), 405),
      );
    }
  }
  for (const method of METHODS) {
    refuse(method, `${prefix}/*`, () => {
      throw new HttpError(404);
    });
  }
}

function refusal(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  scope: Scope,
): { status: number; text: string } | undefined {
  const proof = app.access.identify(request.raw);
  if (!("identity" in proof)) {
    const { waitSeconds } = proof;
    if (waitSeconds === 0) return { status: 401, text: "Not authenticated" };
    reply.header("retry-after", String(waitSeconds));
    return { status: 429, text: `Too many wrong keys. Try again in ${waitSeconds} s.` };
  }
  welcome(app, request, reply, proof);
  if (may(proof.identity, scope)) return undefined;
  return { status: 403, text: `The key '${proof.identity.name}' lacks the scope '${scope}'` };
}

function answerError(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  shape: ErrorShape,
): FastifyReply {
  if (error instanceof InvalidJsonError) {
    return sendJson(reply, shape(422, `The body is not JSON: ${error.message}`), 422);
  }
  if (error instanceof HttpError && error.statusCode < 500) {
    const { statusCode } = error;
    return sendJson(reply, shape(statusCode, error.detail), statusCode);
  }
  const status = error instanceof HttpError ? error.statusCode : 500;
  request.log.error(
    { err: error, method: request.method, path: request.url.split("?")[0] },
    "request failed",
  );
  const text = error instanceof HttpError ? error.detail : SERVER_ERROR_TEXT;
  return sendJson(reply, shape(status, text), status);
}
