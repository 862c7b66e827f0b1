/** `{{name}}` in the values of a graph: replaced by what the run has under that name. */
import {
  entriesOf,
  isJsonObject,
  isNumeric,
  type JsonObject,
  type JsonValue,
  objectFrom,
  printJson,
} from "@hearth/protocol";
import { numberText } from "../values/kinds.ts";

/** A placeholder names nothing. */
export class PlaceholderError extends Error {
  constructor(name: string) {
    super(`{{${name}}} names no input`);
    this.name = "PlaceholderError";
  }
}

const WHOLE = /^\{\{\s*([A-Za-z][\w.]*)\s*\}\}$/;
const INSIDE = /\{\{\s*([A-Za-z][\w.]*)\s*\}\}/g;

/**
 * A copy of `value` with every placeholder replaced. A text that is nothing but one becomes the value itself, in its
 * own type; within a longer text it becomes text. A member of an object whose placeholder has no value is left out, so
 * that the node's own default holds. What came in by a placeholder is not looked into again.
 * @throws PlaceholderError
 */
export function fill(value: JsonValue, scope: JsonObject): JsonValue {
  if (typeof value === "string") {
    const whole = WHOLE.exec(value)?.[1];
    if (whole !== undefined) return lookUp(whole, scope);
    return value.replaceAll(INSIDE, (_, name: string) => asText(lookUp(name, scope)));
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, scope));
  if (!isJsonObject(value)) return value;
  const kept: [string, JsonValue][] = [];
  for (const [key, item] of entriesOf(value)) {
    const filled = fill(item, scope);
    if (filled !== null || item === null) kept.push([key, filled]);
  }
  return objectFrom(kept);
}

/** All names in placeholders of `value`. */
export function namesIn(value: JsonValue): Set<string> {
  const names = new Set<string>();
  const look = (item: JsonValue): void => {
    if (typeof item === "string") for (const [, name = ""] of item.matchAll(INSIDE)) names.add(name);
    else if (Array.isArray(item)) item.forEach(look);
    else if (isJsonObject(item)) Object.values(item).forEach(look);
  };
  look(value);
  return names;
}

/** `size.width` is the member `width` of what is called `size`. */
function lookUp(name: string, scope: JsonObject): JsonValue {
  let value: JsonValue = scope;
  for (const part of name.split(".")) {
    if (value === null) return null;
    if (!isJsonObject(value) || !Object.hasOwn(value, part)) throw new PlaceholderError(name);
    value = value[part] as JsonValue;
  }
  return value;
}

function asText(value: JsonValue): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  return isNumeric(value) ? numberText(value) : printJson(value, "compact");
}
