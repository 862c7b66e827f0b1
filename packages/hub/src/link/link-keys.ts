/** Which keys may link: named ones with the scope `worker`, and all that may do everything. */
import type { IncomingMessage } from "node:http";
import { may } from "../auth/identity.ts";
import type { Access } from "../http/access.ts";

export interface LinkKeys {
  readonly access: () => Pick<Access, "tryKey" | "whileKeyHolds">;
}

/** `keyId` is that of a named key; `undefined`: the server's own one. */
export interface KeyHolder {
  readonly keyId: string | undefined;
}

/** Who dials: somebody on this machine who can open the socket file, or the holder of a key. */
export type Caller = "local" | KeyHolder;

export interface LinkRefusal {
  readonly status: 401 | 403 | 429;
  readonly waitSeconds: number;
}

/**
 * Who makes a request below `/link`. A key is wanted from everybody, on this machine too; sessions and `?token=` do not
 * count, since pages and links could carry them.
 */
export function linkKeys(keys: LinkKeys | undefined, request: IncomingMessage): KeyHolder | LinkRefusal {
  const shown = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  if (keys === undefined || shown === undefined) return { status: 401, waitSeconds: 0 };
  const proof = keys.access().tryKey([shown], request);
  if (!("identity" in proof)) {
    const { waitSeconds } = proof;
    return { status: waitSeconds > 0 ? 429 : 401, waitSeconds };
  }
  if (!may(proof.identity, "worker")) return { status: 403, waitSeconds: 0 };
  return { keyId: proof.identity.keyId };
}
