/** Whose jobs a request of the ComfyUI contract concerns. */
import type { FastifyRequest } from "fastify";
import { userOf } from "../../users/user-of.ts";
import { DEFAULT_USER } from "../../users/users.ts";

/** The owner of all jobs that nobody in particular asked for. */
const ANONYMOUS = "anonymous";

export interface Caller {
  /** who will own a job of this request */
  readonly owner: string;
  /** whose jobs it sees and stops; `undefined`: everybody's */
  readonly sees: string | undefined;
}

/**
 * Without `--multi-user` everybody sees everything, as on ComfyUI; with it, `Comfy-User` separates queue, history and jobs.
 * @throws HttpError 401 when the header names nobody
 */
export function callerOf(request: FastifyRequest): Caller {
  const isShared = request.server.users?.multiUser === true;
  const user = userOf(request);
  const owner = user === DEFAULT_USER ? ANONYMOUS : `user:${user}`;
  return { owner, sees: isShared ? owner : undefined };
}
