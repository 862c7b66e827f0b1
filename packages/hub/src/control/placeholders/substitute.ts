/** Putting values into a graph. */
import { randomBytes } from "node:crypto";
import { entriesOf, isJsonObject, type JsonValue, objectFrom } from "@hearth/protocol";
import { parsePlaceholder } from "./syntax.ts";

export interface Substitution {
  /** the value of each named placeholder */
  readonly values: ReadonlyMap<string, string>;
  /** what every `$timestamp()` becomes: Unix milliseconds */
  readonly timestamp: number;
  /** what each `$random()` becomes; default: a fresh one from 0 to 2^64−1 */
  readonly random?: () => bigint;
}

/** A copy of the graph in which every placeholder is replaced. */
export function substitute(document: JsonValue, substitution: Substitution): JsonValue {
  if (typeof document === "string") return replaced(document, substitution);
  if (Array.isArray(document)) return document.map((item) => substitute(item, substitution));
  if (!isJsonObject(document)) return document;
  return objectFrom(entriesOf(document).map(([key, value]) => [key, substitute(value, substitution)]));
}

function replaced(text: string, { values, timestamp, random = random64 }: Substitution): JsonValue {
  const placeholder = parsePlaceholder(text);
  if (placeholder === undefined) return text;
  if (placeholder.kind === "timestamp") return timestamp;
  if (placeholder.kind === "random") return whole(random());
  return values.get(placeholder.name) ?? text;
}

function random64(): bigint {
  return randomBytes(8).readBigUInt64BE();
}

/** Integers are plain numbers as far as these are exact. */
function whole(value: bigint): JsonValue {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
