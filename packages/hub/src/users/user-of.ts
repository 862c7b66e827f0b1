/** Whose request it is. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpError } from "../http/errors.ts";
import { DEFAULT_USER, type Users } from "./users.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** set by `decorateUsers`; a server without users of its own knows only the default one */
    users?: Users;
  }
}

const HEADER = "comfy-user";

/** Makes `userOf` and `knownUserOf` work on all requests of `app`. */
export function decorateUsers(app: FastifyInstance, users: Users): void {
  app.decorate("users", users);
}

/**
 * The id of the user whose queue, history and jobs a request means: always `default` unless the server has many users;
 * then what `Comfy-User` says, or `default` when it says nothing.
 * @throws HttpError 401 when the header names nobody
 */
export function userOf(request: FastifyRequest): string {
  const { users } = request.server;
  if (users?.multiUser !== true) return DEFAULT_USER;
  const given = request.headers[HEADER];
  return given === undefined ? DEFAULT_USER : known(users, String(given));
}

/**
 * The id of the user whose settings and files a request means. Unlike `userOf`, it wants the default user of a server
 * with many users to have been made like any other.
 * @throws HttpError 401 when there is no such user
 */
export function knownUserOf(request: FastifyRequest): string {
  const { users } = request.server;
  if (users?.multiUser !== true) return DEFAULT_USER;
  return known(users, String(request.headers[HEADER] ?? DEFAULT_USER));
}

function known(users: Users, id: string): string {
  if (!users.has(id)) throw new HttpError(401);
  return id;
}
