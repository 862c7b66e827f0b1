/**
 * Cache keys of nodes (section 6.11). The reference describes a node and all its ancestors in the order of a
 * depth-first walk over sorted input names, and names an ancestor by its place in that walk. Here a link is replaced
 * by the digest of its source, which holds the digests of that node's sources: so neither ids nor positions count
 * either, and a chain of any length costs one step per node. The one difference: two links to one node, and links to
 * two equal nodes, give the same key, as they bring the same values.
 */
import { hash, randomUUID } from "node:crypto";
import { floatText, JsonFloat, type JsonValue, MAX_DEPTH } from "@hearth/protocol";
import { foldGraph } from "./fold-graph.ts";
import { linkOf, sourcesIn } from "./links.ts";

/** What a key is made of. */
export interface SignatureAccess {
  readonly node: (
    id: string,
  ) => { class_type: string; inputs: Readonly<Record<string, unknown>> } | undefined;
  readonly changeToken: (id: string) => JsonValue;
  /** its id is part of the key: the class is not idempotent, or sees its id */
  readonly idCounts: (id: string) => boolean;
}

/** A text that no other key contains. */
function never(): string {
  return `never:${randomUUID()}`;
}

/** A constant as text. What cannot be written down, and NaN, equals nothing, not even itself. */
function constantText(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return "null";
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return String(value);
    case "bigint":
      return value.toString();
    case "number":
      return Number.isNaN(value) ? never() : String(value);
  }
  // Inputs of expansions may hold any object, also one that contains itself.
  if (typeof value !== "object" || depth > MAX_DEPTH) return never();
  if (value instanceof JsonFloat) return floatText(value.value);
  if (Array.isArray(value)) return `[${value.map((item) => constantText(item, depth + 1)).join(",")}]`;
  if (Object.getPrototypeOf(value) !== Object.prototype) return never();
  const members = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${constantText(item, depth + 1)}`,
  );
  return `{${members.sort().join(",")}}`;
}

/** The keys of one prompt; what was worked out for a node is used for all that stands on it. */
export class SignatureBuilder {
  readonly #access: SignatureAccess;
  readonly #digests = new Map<string, string>();

  constructor(access: SignatureAccess) {
    this.#access = access;
  }

  /** The key of a node. Equal keys mean equal results; a node without a definite key gets one that never comes again. */
  signatureOf(id: string): string {
    return foldGraph(
      id,
      this.#digests,
      (node) => sourcesIn(this.#access.node(node)?.inputs ?? {}),
      (node, digestOf) => this.#digest(node, digestOf),
    );
  }

  #digest(id: string, digestOf: (source: string) => string | undefined): string {
    const node = this.#access.node(id);
    if (node === undefined) return never();
    const parts = [
      JSON.stringify(node.class_type),
      constantText(this.#access.changeToken(id)),
      this.#access.idCounts(id) ? JSON.stringify(id) : "",
    ];
    for (const name of Object.keys(node.inputs).sort()) {
      const value = node.inputs[name];
      const link = linkOf(value);
      const text = link === undefined ? constantText(value) : `@${digestOf(link[0]) ?? never()}#${link[1]}`;
      parts.push(`${JSON.stringify(name)}=${text}`);
    }
    return hash("sha256", parts.join("\n"), "base64url");
  }
}

/** The key of one node, for callers that need no other. */
export function signatureOf(id: string, access: SignatureAccess): string {
  return new SignatureBuilder(access).signatureOf(id);
}
