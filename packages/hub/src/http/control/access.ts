/** How every operation of the Control contract is registered: its own rate limit, and 400 for requests that are wrong. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { RateLimit } from "../../control/rate-limit.ts";
import { EmptyError, HttpError, InvalidJsonError } from "../errors.ts";
import { controlError, ownContract, type Register } from "../own-contract.ts";
import { isHttps } from "../host.ts";

/** Gives the function that registers operations of the contract on `app`. */
export function controlContract(app: FastifyInstance, limit: RateLimit): Register {
  const register = ownContract(app, controlError);
  return (method, path, scope, handler) =>
    register(method, path, scope, async (request, reply) => {
      // Behind a proxy all callers have one address; their keys still tell them apart.
      const wait = limit.take(`${request.identity.owner} ${request.socket.remoteAddress ?? ""}`);
      if (wait > 0) {
        reply.header("retry-after", String(wait));
        throw new HttpError(429, `Too many requests. Try again in ${wait} s.`);
      }
      try {
        return await handler(request, reply);
      } catch (error) {
        throw inWordsOfControl(error);
      }
    });
}

/** The contract knows 400 alone for what is wrong with a request. */
function inWordsOfControl(error: unknown): unknown {
  if (error instanceof InvalidJsonError) return new HttpError(400, `The body is not JSON: ${error.message}`);
  if (error instanceof EmptyError) return new HttpError(error.statusCode);
  if (error instanceof HttpError && error.statusCode === 422) return new HttpError(400, error.detail);
  return error;
}

/** How the client reached this server; links in answers begin with it. */
export function baseOf(request: FastifyRequest, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl;
  return `${isHttps(request.raw) ? "https" : "http"}://${request.headers.host ?? "localhost"}`;
}
