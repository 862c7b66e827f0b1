/**
 * Pattern matching of JSON values. Every matcher returns `undefined` when the value fits, or a text that says where it
 * differs. Placeholders and operators are those of `tests/golden/replay/README.md`.
 */
import { entriesOf, isJsonObject, isNumeric, type JsonObject, type JsonValue } from "@hearth/protocol";
import { sameNumber, short } from "./json-values.ts";
import type { MatchContext } from "./match-context.ts";
import { orderless } from "./orderless.ts";
import { placeholder } from "./placeholders.ts";

const OPERATORS = new Set([
  "<any-order>",
  "<one-of>",
  "<regex>",
  "<subset>",
  "<lines-any-order>",
  "<contains>",
  "<each>",
]);

/** The only key of an object, where it is an operator. */
export function operatorOf(pattern: JsonValue, known: ReadonlySet<string> = OPERATORS): string | undefined {
  if (!isJsonObject(pattern)) return undefined;
  const [key, ...more] = Object.keys(pattern);
  return key !== undefined && more.length === 0 && known.has(key) ? key : undefined;
}

/** Compares a value with a pattern. `path` names the place in messages. */
export function match(
  pattern: JsonValue,
  value: JsonValue,
  context: MatchContext,
  path = "$",
): string | undefined {
  if (typeof pattern === "string") return matchText(pattern, value, context, path);
  if (Array.isArray(pattern)) return matchArray(pattern, value, context, path);
  if (isJsonObject(pattern)) {
    const operator = operatorOf(pattern);
    return operator === undefined
      ? matchObject(pattern, value, context, path)
      : matchOperator(operator, pattern[operator] as JsonValue, value, context, path);
  }
  if (isNumeric(pattern) && isNumeric(value) && sameNumber(pattern, value)) return undefined;
  return pattern === value ? undefined : `${path}: expected ${short(pattern)}, got ${short(value)}`;
}

function matchText(
  pattern: string,
  value: JsonValue,
  context: MatchContext,
  path: string,
): string | undefined {
  const fits = placeholder(pattern, value, context);
  if (fits === true) return undefined;
  if (fits === false) return `${path}: ${short(value)} does not fit ${pattern}`;
  const wanted = context.substitute(pattern);
  if (typeof wanted === "string" || !isNumeric(wanted) || !isNumeric(value)) {
    return equalJson(wanted, value) ? undefined : `${path}: expected ${short(wanted)}, got ${short(value)}`;
  }
  return sameNumber(wanted, value) ? undefined : `${path}: expected ${short(wanted)}, got ${short(value)}`;
}

/** Equality by value, for variables that hold more than a text. */
function equalJson(one: JsonValue, other: JsonValue): boolean {
  if (isNumeric(one) && isNumeric(other)) return sameNumber(one, other);
  if (typeof one !== "object" || one === null) return one === other;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => equalJson(item, other[index] as JsonValue))
    );
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every(
      (key) => Object.hasOwn(other, key) && equalJson(one[key] as JsonValue, other[key] as JsonValue),
    )
  );
}

function matchArray(
  pattern: readonly JsonValue[],
  value: JsonValue,
  context: MatchContext,
  path: string,
): string | undefined {
  if (!Array.isArray(value)) return `${path}: expected an array, got ${short(value)}`;
  if (pattern.length !== value.length) {
    return `${path}: expected ${pattern.length} elements, got ${value.length}: ${short(value)}`;
  }
  for (const [index, item] of pattern.entries()) {
    const problem = match(item, value[index] as JsonValue, context, `${path}[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function matchObject(
  pattern: JsonObject,
  value: JsonValue,
  context: MatchContext,
  path: string,
): string | undefined {
  if (!isJsonObject(value)) return `${path}: expected an object, got ${short(value)}`;
  const wanted = entriesOf(pattern).map(([key, item]) => [context.text(key), item] as const);
  const names = new Set(wanted.map(([key]) => key));
  for (const name of names) if (!Object.hasOwn(value, name)) return `${path}: key "${name}" is missing`;
  for (const [name, item] of entriesOf(value)) {
    if (!names.has(name)) return `${path}: unexpected key "${name}" (${short(item)})`;
  }
  return matchMembers(wanted, value, context, path);
}

function matchMembers(
  wanted: readonly (readonly [string, JsonValue])[],
  value: JsonObject,
  context: MatchContext,
  path: string,
): string | undefined {
  for (const [name, item] of wanted) {
    if (!Object.hasOwn(value, name)) return `${path}: key "${name}" is missing`;
    const problem = match(item, value[name] as JsonValue, context, `${path}.${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function matchOperator(
  operator: string,
  given: JsonValue,
  value: JsonValue,
  context: MatchContext,
  path: string,
): string | undefined {
  const fits = (one: JsonValue, other: JsonValue): boolean => match(one, other, context, path) === undefined;
  switch (operator) {
    case "<one-of>":
      return matchOneOf(given as JsonValue[], value, context, path);
    case "<regex>": {
      const source = context.text(String(given));
      const fits = typeof value === "string" && new RegExp(`^(?:${source})$`, "s").test(value);
      return fits ? undefined : `${path}: ${short(value)} does not match /${source}/`;
    }
    case "<subset>": {
      if (!isJsonObject(value)) return `${path}: expected an object, got ${short(value)}`;
      const wanted = entriesOf(given as JsonObject).map(([key, item]) => [context.text(key), item] as const);
      return matchMembers(wanted, value, context, path);
    }
    case "<each>": {
      if (!Array.isArray(value)) return `${path}: expected an array, got ${short(value)}`;
      for (const [index, item] of value.entries()) {
        const problem = match(given, item, context, `${path}[${index}]`);
        if (problem !== undefined) return problem;
      }
      return undefined;
    }
    case "<lines-any-order>":
      if (typeof value !== "string") return `${path}: expected text, got ${short(value)}`;
      return orderless(given as JsonValue[], value.split("\n"), fits, path, true);
    default:
      return orderless(given as JsonValue[], value, fits, path, operator === "<any-order>");
  }
}

function matchOneOf(
  alternatives: readonly JsonValue[],
  value: JsonValue,
  context: MatchContext,
  path: string,
): string | undefined {
  let first: string | undefined;
  for (const alternative of alternatives) {
    const problem = match(alternative, value, context, path);
    if (problem === undefined) return undefined;
    first ??= problem;
  }
  return `${path}: none of ${alternatives.length} alternatives fits; ${first}`;
}
