/** The port of the caches of node results (section 6.11); one file per mode implements it. */
import type { JsonObject } from "@hearth/protocol";

/** What a node showed: ui data by key, and the ids under which it was shown. */
export interface ShownOutput {
  readonly output: JsonObject;
  readonly meta: JsonObject;
}

/** The result of one node: a list of values per output slot. */
export interface NodeResult {
  readonly outputs: readonly (readonly unknown[])[];
  readonly ui: ShownOutput | undefined;
}

/**
 * Where a result belongs. `scope` is the empty string for nodes of the submitted prompt; nodes of an expansion live in
 * the scope of the node that expanded, so that they are found again when that node runs again.
 */
export interface CacheKey {
  readonly scope: string;
  readonly signature: string;
}

export type CacheMode =
  | { readonly kind: "classic" }
  | { readonly kind: "lru"; readonly size: number }
  | { readonly kind: "none" }
  /** thresholds of available memory in bytes */
  | { readonly kind: "ram"; readonly activeBytes: number; readonly inactiveBytes: number };

/**
 * A cache forgets by its own rules; a run keeps what its waiting nodes need by itself, so that an eviction never
 * takes a value away from a node that depends on it.
 */
export interface ResultCache {
  /** A new prompt, or within it a new expansion, consists of these nodes. */
  enter(scope: string, signatures: ReadonlySet<string>, innerScopes: ReadonlySet<string>): void;
  get(key: CacheKey): NodeResult | undefined;
  set(key: CacheKey, result: NodeResult): void;
  /** Called after each node that ran. */
  afterNode(): void;
  clear(): void;
}

const SEPARATOR = "\u0000";

/** The scope of the nodes that a node of this class puts in its place; ids are unique, also nested ones. */
export function innerScope(nodeId: string, className: string): string {
  return nodeId + SEPARATOR + className;
}

/** One text per key. */
export function flatKey({ scope, signature }: CacheKey): string {
  return `${signature}${SEPARATOR}${scope}`;
}
