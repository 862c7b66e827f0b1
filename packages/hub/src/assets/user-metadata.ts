/** User metadata: a JSON object per asset, and the form in which it can be searched. */
import { createHash } from "node:crypto";
import {
  entriesOf,
  isJsonObject,
  isNumeric,
  JsonFloat,
  type JsonObject,
  type JsonValue,
  objectFrom,
  parseJson,
  printJson,
} from "@hearth/protocol";

/** Longer values are found by their hash: an index is no place for a workflow. */
const MAX_INDEXED = 200;
/** Further elements of a list are kept, but not searched. */
const MAX_ELEMENTS = 1_000;

/**
 * The text by which a value is found: equal values, and only those, have equal texts. `1` equals `1.0`, and `true` is no
 * number. `undefined` for null, which is the same as an absent key.
 */
export function metadataValue(value: JsonValue): string | undefined {
  if (value === null) return undefined;
  return bounded(canonical(value));
}

/** The keys and values under which an object can be found: one per element of a list. */
export function metadataEntries(text: string): { key: string; value: string }[] {
  const object = parseJson(text);
  if (!isJsonObject(object)) return [];
  const found = entriesOf(object).flatMap(([key, value]) => {
    const values = Array.isArray(value) ? value.slice(0, MAX_ELEMENTS) : [value];
    const texts = new Set(values.map(metadataValue).filter((item) => item !== undefined));
    return [...texts].map((item) => ({ key, value: item }));
  });
  return found;
}

/** The object with `filename` set, which the server keeps for assets that have a file. */
export function withFilename(text: string, filename: string | undefined): string {
  if (filename === undefined) return text;
  const object = parseJson(text) as JsonObject;
  const entries = entriesOf(object).filter(([key]) => key !== "filename");
  return printJson(objectFrom([...entries, ["filename", filename]]));
}

function canonical(value: JsonValue): string {
  if (typeof value === "string") return `s${value}`;
  if (typeof value === "boolean") return value ? "b1" : "b0";
  if (isNumeric(value)) return `n${numberText(value)}`;
  return `j${printJson(sorted(value), "compact")}`;
}

function numberText(value: number | bigint | JsonFloat): string {
  if (typeof value === "bigint") return value.toString();
  const number = value.valueOf() as number;
  return Number.isInteger(number) ? BigInt(number).toString() : String(number);
}

/** Keys in one order and numbers in one form, at any depth. */
function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof JsonFloat) return Number.isInteger(value.value) ? BigInt(value.value) : value.value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (!isJsonObject(value)) return value;
  const entries = entriesOf(value).map(([key, item]): [string, JsonValue] => [key, sorted(item)]);
  return objectFrom(entries.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

function bounded(text: string): string {
  return text.length <= MAX_INDEXED ? text : `h${createHash("sha256").update(text).digest("hex")}`;
}
