/**
 * Registering operations below `/internal` (section 3.19). They are a place of their own: there is no `/api` twin, and
 * the web page has no files there. So another method than the registered one is 405 also for GET, and every other path
 * is 404 for all methods.
 */
import type { FastifyInstance, HTTPMethods } from "fastify";
import { sendStatus } from "../answers.ts";
import { type Handler, type Method, notAllowed } from "../twin.ts";

const ALL: HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** Registers the one operation of a path, e.g. `/logs` for `/internal/logs`. */
export function internal(app: FastifyInstance, method: Method, path: string, handler: Handler): void {
  const methods = method === "GET" ? ["GET", "HEAD"] : [method];
  app.route({
    method: ALL,
    url: `/internal${path}`,
    handler: (request, reply) =>
      methods.includes(request.method) ? handler(request, reply) : notAllowed(reply, methods),
  });
}

/** Answers all paths below `/internal` that have no operation. */
export function closeInternal(app: FastifyInstance): void {
  for (const url of ["/internal", "/internal/*"]) {
    app.route({ method: ALL, url, handler: (_request, reply) => sendStatus(reply, 404) });
  }
}
