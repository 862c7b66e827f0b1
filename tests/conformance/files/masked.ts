/** Random parts of names, masked as the recordings mask them. */
import { isJsonObject, type JsonValue } from "@hearth/protocol";

/** Temporary prefixes, UUIDs and 32 hex digits. */
export function masked(text: string): string {
  return text
    .replace(/(_temp_)[a-z]{5}(?=_)/g, "$1?????")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>")
    .replace(/(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g, "<hex32>");
}

/** Masks all texts of a value. */
export function maskedValue(value: JsonValue): JsonValue {
  if (typeof value === "string") return masked(value);
  if (Array.isArray(value)) return value.map(maskedValue);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskedValue(item)]));
}
