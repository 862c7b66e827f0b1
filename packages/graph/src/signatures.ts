/**
 * Cache keys of nodes (section 6.11). A key describes the node and all its ancestors in the order of a depth-first
 * walk over sorted input names; links name an ancestor by its place in that walk. So neither ids nor positions count.
 */
import { createHash } from "node:crypto";
import { isJsonObject, JsonFloat, type JsonValue } from "@hearth/protocol";

export interface SignatureAccess {
  readonly node: (id: string) => { class_type: string; inputs: Readonly<Record<string, unknown>> } | undefined;
  readonly changeToken: (id: string) => JsonValue;
  /** its id is part of the key: the class is not idempotent, or sees its id */
  readonly idCounts: (id: string) => boolean;
}

function linkOf(value: unknown): [string, number] | undefined {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number"
    ? (value as [string, number])
    : undefined;
}

let unmatched = 0;
/** A text that no other key contains. */
function never(): string {
  unmatched += 1;
  return `never:${process.pid}:${unmatched}`;
}

/** A constant as text. What cannot be written down, and NaN, equals nothing. */
function constantText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof JsonFloat) return String(value.value);
  if (typeof value === "number") return Number.isNaN(value) ? never() : String(value);
  if (Array.isArray(value)) return `[${value.map(constantText).join(",")}]`;
  if (isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype) {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${constantText(value[key])}`).join(",")}}`;
  }
  return never();
}

export class SignatureBuilder {
  readonly #access: SignatureAccess;
  /** digests of subgraphs, valid where the walk meets nothing that it has met before */
  readonly #digests = new Map<string, string>();

  constructor(access: SignatureAccess) {
    this.#access = access;
  }

  /**
   * The key of a node. Equal keys mean equal results. Each ancestor is described once, by a digest that holds the
   * digests of its own sources, so that a chain of any length costs one step per node; two links to one source and
   * links to two equal sources give the same key, as their results are equal.
   */
  signatureOf(id: string): string {
    const stack = [id];
    const open = new Set<string>();
    while (stack.length > 0) {
      const current = stack.at(-1) as string;
      if (this.#digests.has(current)) {
        stack.pop();
        continue;
      }
      const waiting = open.has(current) ? [] : this.#sources(current).filter((source) => !this.#digests.has(source));
      if (waiting.length > 0) {
        open.add(current);
        stack.push(...waiting.filter((source) => !open.has(source)));
        if (stack.at(-1) !== current) continue;
      }
      this.#digests.set(current, this.#describe(current));
      stack.pop();
    }
    return this.#digests.get(id) as string;
  }

  #sources(id: string): string[] {
    const inputs = this.#access.node(id)?.inputs ?? {};
    return Object.values(inputs).flatMap((value) => linkOf(value)?.[0] ?? []);
  }

  #describe(id: string): string {
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
      const text = link === undefined ? constantText(value) : `@${this.#digests.get(link[0]) ?? never()}#${link[1]}`;
      parts.push(`${JSON.stringify(name)}=${text}`);
    }
    return createHash("sha256").update(parts.join("\n")).digest("base64url");
  }
}
