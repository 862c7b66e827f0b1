/**
 * Registering operations. Every path is one Fastify route for all methods, which hands a request to the handler of its
 * method; so a wrong method is answered 405 with an exact `Allow`, and `HEAD` goes wherever `GET` goes.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { sendStatus } from "./answers.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** handlers by path and method */
    operations: Map<string, Map<string, Handler>>;
  }
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

const ALL: HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/** Registers one operation under exactly this path. */
export function route(app: FastifyInstance, method: Method, path: string, handler: Handler): void {
  let methods = app.operations.get(path);
  if (methods === undefined) {
    const byMethod = new Map<string, Handler>();
    methods = byMethod;
    app.operations.set(path, byMethod);
    app.route({
      method: ALL,
      url: path,
      handler: (request, reply) => {
        const found = byMethod.get(request.method);
        if (found !== undefined) return found(request, reply);
        // The static files answer every other GET.
        const reads = request.method === "GET" || request.method === "HEAD";
        return reads ? reply.callNotFound() : notAllowed(reply, byMethod.keys());
      },
    });
  }
  if (methods.has(method)) throw new Error(`${method} ${path} is registered twice`);
  methods.set(method, handler);
  if (method === "GET") methods.set("HEAD", handler);
}

/** Registers one operation bare and under `/api`. */
export function twin(app: FastifyInstance, method: Method, path: string, handler: Handler): void {
  route(app, method, path, handler);
  route(app, method, `/api${path}`, handler);
}

/** 405, with the methods that there are. */
export function notAllowed(reply: FastifyReply, methods: Iterable<string>): FastifyReply {
  return sendStatus(reply.header("allow", [...methods].sort().join(",")), 405);
}
