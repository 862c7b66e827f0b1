/** Who makes a request, and what that one may do. */
import { type JsonObject } from "@hearth/protocol";

/** `read` sees, `run` makes and stops jobs of its own, `admin` does everything to everybody's: each includes those before. */
const LADDER = ["read", "run", "admin"] as const;
/** `worker` joins as a worker, and does nothing else; `admin` may do that too. */
export const SCOPES = [...LADDER, "worker"] as const;
export type Scope = (typeof SCOPES)[number];

export interface Identity {
  /** the owner of this one's jobs */
  readonly owner: string;
  /** as the operator named it */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** id of the named key; absent: the one key of the server, or nobody in particular */
  readonly keyId?: string | undefined;
}

/** The owner of all jobs that nobody in particular asked for, and of those of the server's own key. */
export const ANONYMOUS = "anonymous";

/** Who shows the server's own key. */
export const MASTER: Identity = { owner: ANONYMOUS, name: "API_KEY", scopes: SCOPES };

/** Who needs no key on the ComfyUI contract. */
export const NOBODY: Identity = { owner: ANONYMOUS, name: "anonymous", scopes: LADDER };

/** True when the scope, or one that includes it, is there. */
export function may(identity: Pick<Identity, "scopes">, scope: Scope): boolean {
  if (scope === "worker") return identity.scopes.includes("worker") || identity.scopes.includes("admin");
  return LADDER.slice(LADDER.indexOf(scope)).some((wider) => identity.scopes.includes(wider));
}

/** Whose jobs an identity sees and stops; `undefined`: everybody's. */
export function sees(identity: Identity): string | undefined {
  return may(identity, "admin") ? undefined : identity.owner;
}

/** Reads scopes that were stored or sent; `undefined` when one is unknown or there is none. */
export function readScopes(value: JsonObject[string] | undefined): Scope[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const scopes = value.filter((item): item is Scope => SCOPES.includes(item as Scope));
  return scopes.length === value.length ? [...new Set(scopes)] : undefined;
}
