/** Whose jobs a request of the ComfyUI contract concerns. */
import type { FastifyRequest } from "fastify";
import { sees } from "../../auth/identity.ts";
import { userOf } from "../../users/user-of.ts";
import { DEFAULT_USER } from "../../users/users.ts";

export interface Caller {
  /** who will own a job of this request */
  readonly owner: string;
  /** whose jobs it sees and stops; `undefined`: everybody's */
  readonly sees: string | undefined;
}

/**
 * Without a key everybody sees everything, as on ComfyUI; a named key sees its own. With `--multi-user`, `Comfy-User`
 * separates queue, history and jobs.
 * @throws HttpError 401 when the header names nobody
 */
export function callerOf(request: FastifyRequest): Caller {
  const { identity, server } = request;
  if (server.users?.multiUser !== true) return { owner: identity.owner, sees: sees(identity) };
  const user = userOf(request);
  const owner = user === DEFAULT_USER ? identity.owner : `user:${user}`;
  return { owner, sees: owner };
}
