/**
 * The JSON of prompts: what Python's `json` reads and writes, kept exactly.
 *
 * - Integers beyond ±2^53 are `bigint`, so that seeds up to 2^64−1 survive from the wire to the saved file.
 * - A float written with a whole value (`1.0`, `1e3`) is a `JsonFloat`, because Python tells `1` from `1.0`.
 * - `NaN`, `Infinity` and `-Infinity` are read and written bare.
 * - Objects keep the order of their keys, also of those that look like integers (see `keysOf`).
 *
 * The parser is iterative: 10,000 nested brackets are an error, never a stack overflow.
 */

/** A float whose value is whole. All other floats are plain numbers. */
export class JsonFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
}

export type JsonValue = null | boolean | number | bigint | string | JsonFloat | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** The text is not JSON. `position` counts UTF-16 code units from 0. */
export class JsonSyntaxError extends SyntaxError {
  readonly position: number;
  constructor(what: string, position: number) {
    super(`${what} at position ${position}`);
    this.name = "JsonSyntaxError";
    this.position = position;
  }
}

/** Nesting that nobody writes by hand, and that every later walk over the value survives. */
export const MAX_DEPTH = 512;

const KEYS = Symbol("json key order");
type Ordered = JsonObject & { [KEYS]?: string[] };

/** True for the keys that a JavaScript object moves to its front. */
function isIndexKey(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57 && (key === "0" || (first !== 48 && /^\d{1,10}$/.test(key)));
}

/** The keys of an object in the order in which they were written. */
export function keysOf(object: JsonObject): string[] {
  const order = (object as Ordered)[KEYS];
  const keys = Object.keys(object);
  if (order === undefined) return keys;
  const present = new Set(keys);
  const kept = order.filter((key) => present.delete(key));
  return present.size === 0 ? kept : [...kept, ...present];
}

/** The entries of an object in the order in which they were written. */
export function entriesOf(object: JsonObject): [string, JsonValue][] {
  return keysOf(object).map((key) => [key, object[key] as JsonValue]);
}

/** Fixes the key order of an object built in code. */
export function withKeyOrder<T extends JsonObject>(object: T, keys: readonly string[]): T {
  Object.defineProperty(object, KEYS, { value: [...keys], enumerable: false, configurable: true });
  return object;
}

/** Builds an object from entries and keeps their order. */
export function objectFrom(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  const object: JsonObject = {};
  const keys: string[] = [];
  for (const [key, value] of entries) {
    setKey(object, key, value);
    keys.push(key);
  }
  return keys.some(isIndexKey) ? withKeyOrder(object, keys) : object;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonFloat)
  );
}

/** True for every kind of JSON number. */
export function isNumeric(value: unknown): value is number | bigint | JsonFloat {
  return typeof value === "number" || typeof value === "bigint" || value instanceof JsonFloat;
}

/** The nearest double of any JSON number; other values give NaN. */
export function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof JsonFloat) return value.value;
  if (typeof value === "boolean") return value ? 1 : 0;
  return Number.NaN;
}

/** A copy that shares nothing with the original. */
export function cloneJson<T extends JsonValue>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  if (isJsonObject(value)) {
    return objectFrom(entriesOf(value).map(([key, item]) => [key, cloneJson(item)])) as T;
  }
  return value;
}

/** Sets an own property, also for `__proto__`, which plain assignment would swallow. */
export function setKey(object: JsonObject, key: string, value: JsonValue): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else object[key] = value;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};
const WORDS: readonly [string, JsonValue][] = [
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];

/** How numbers are kept. `plain` reads whole floats as numbers: for wire messages that are not prompts. */
export interface ParseOptions {
  readonly maxDepth?: number;
  /** values of the whole text, those inside others included; default: any number */
  readonly maxValues?: number;
  /** digits of an integer; reading more takes time that grows faster than their number; default: any number */
  readonly maxDigits?: number;
}

interface ArrayFrame {
  readonly array: JsonValue[];
}
interface ObjectFrame {
  readonly object: JsonObject;
  keys: string[] | undefined;
  key: string;
}

/**
 * Parses JSON text.
 * @throws JsonSyntaxError when the text is not JSON, or goes beyond a limit of `options`.
 */
export function parseJson(text: string, options: ParseOptions = {}): JsonValue {
  const maxDepth = options.maxDepth ?? MAX_DEPTH;
  const maxDigits = options.maxDigits ?? Number.POSITIVE_INFINITY;
  let valuesLeft = options.maxValues ?? Number.POSITIVE_INFINITY;
  const stack: (ArrayFrame | ObjectFrame)[] = [];
  let at = 0;

  const skip = (): void => {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
  };
  const fail = (what: string): never => {
    throw new JsonSyntaxError(what, at);
  };
  const readString = (): string => {
    at += 1;
    let out = "";
    for (;;) {
      PLAIN.lastIndex = at;
      PLAIN.exec(text);
      const end = PLAIN.lastIndex;
      if (end > at) out += text.slice(at, end);
      at = end;
      const char = text[at];
      if (char === '"') {
        at += 1;
        return out;
      }
      if (char !== "\\") fail(char === undefined ? "Unterminated string" : "Control character in string");
      const kind = text[at + 1] ?? "";
      if (kind === "u") {
        const hex = text.slice(at + 2, at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) fail("Bad \\u escape");
        out += String.fromCharCode(Number.parseInt(hex, 16));
        at += 6;
      } else {
        const plain = ESCAPES[kind];
        if (plain === undefined) fail("Bad escape");
        out += plain;
        at += 2;
      }
    }
  };
  const readScalar = (): JsonValue => {
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(text);
    if (match !== null) {
      at = NUMBER.lastIndex;
      const number = Number(match[0]);
      if (match[1] !== undefined || match[2] !== undefined) {
        return Number.isInteger(number) ? new JsonFloat(number) : number;
      }
      if (Number.isSafeInteger(number)) return number + 0;
      if (match[0].replace("-", "").length > maxDigits) fail(`Integer of more than ${maxDigits} digits`);
      return BigInt(match[0]);
    }
    for (const [word, value] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    }
    return fail("Unexpected character");
  };

  skip();
  for (;;) {
    // One value starts at `at`.
    if ((valuesLeft -= 1) < 0) fail(`More than ${options.maxValues} values`);
    let value: JsonValue;
    const char = text[at];
    if (char === "[" || char === "{") {
      if (stack.length >= maxDepth) fail(`Nested deeper than ${maxDepth}`);
      at += 1;
      skip();
      if (char === "[") {
        if (text[at] !== "]") {
          stack.push({ array: [] });
          continue;
        }
        value = [];
      } else {
        if (text[at] !== "}") {
          const frame: ObjectFrame = { object: {}, keys: undefined, key: "" };
          stack.push(frame);
          readKey(frame);
          continue;
        }
        value = {};
      }
      at += 1;
    } else if (char === '"') value = readString();
    else if (char === undefined) value = fail("Unexpected end");
    else value = readScalar();

    // The value is complete: hand it to what holds it, and close what it completes.
    for (;;) {
      skip();
      const frame = stack.at(-1);
      if (frame === undefined) {
        if (at < text.length) fail("Text after the value");
        return value;
      }
      if ("array" in frame) frame.array.push(value);
      else {
        setKey(frame.object, frame.key, value);
      }
      const next = text[at];
      if (next === ",") {
        at += 1;
        skip();
        if (!("array" in frame)) readKey(frame);
        break;
      }
      if (next !== ("array" in frame ? "]" : "}")) fail("Expected ',' or the end");
      at += 1;
      stack.pop();
      if ("array" in frame) value = frame.array;
      else {
        if (frame.keys !== undefined) withKeyOrder(frame.object, frame.keys);
        value = frame.object;
      }
    }
  }

  function readKey(frame: ObjectFrame): void {
    if (text[at] !== '"') fail("Expected a key");
    const key = readString();
    skip();
    if (text[at] !== ":") fail("Expected ':'");
    at += 1;
    skip();
    // Only objects with integer-like keys lose their order in JavaScript.
    if (frame.keys === undefined && isIndexKey(key)) frame.keys = Object.keys(frame.object);
    if (frame.keys !== undefined && !Object.hasOwn(frame.object, key)) frame.keys.push(key);
    frame.key = key;
  }
}

/** `python`: `", "` and `": "`, non-ASCII escaped, as ComfyUI answers. `compact`: no spaces, UTF-8. */
export type Dialect = "python" | "compact" | "indent4" | "indent2";

const ESCAPE_ASCII = /["\\\u0000-\u001f\u007f-\uffff]/g;
const ESCAPE_COMPACT = /["\\\u0000-\u001f\ud800-\udfff]/;
const SHORT: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quoteAscii(text: string): string {
  return `"${text.replace(ESCAPE_ASCII, (char) => {
    const short = SHORT[char];
    if (short !== undefined) return short;
    if (char === "\u007f") return char;
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  })}"`;
}

function quoteCompact(text: string): string {
  return ESCAPE_COMPACT.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** A float as Python prints it: `1.0`, `0.1`, `1e+16`, `1e-05`, `NaN`. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [digits, exponent] = value.toExponential().split("e") as [string, string];
    const sign = exponent.startsWith("-") ? "-" : "+";
    return `${digits}e${sign}${exponent.slice(1).padStart(2, "0")}`;
  }
  const text = String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}

/** A JSON number. Whole JavaScript numbers print as integers, all others as Python floats. */
function numberText(value: number): string {
  return Number.isInteger(value)
    ? Number.isSafeInteger(value)
      ? String(value)
      : floatText(value)
    : floatText(value);
}

/** Prints a value. Members that are `undefined` are left out. */
export function printJson(value: unknown, dialect: Dialect = "python"): string {
  const quote = dialect === "python" ? quoteAscii : quoteCompact;
  const step = dialect === "indent4" ? 4 : dialect === "indent2" ? 2 : 0;
  const colon = dialect === "compact" ? ":" : ": ";
  const comma = dialect === "compact" ? "," : dialect === "python" ? ", " : ",";
  const parts: string[] = [];
  const line = (depth: number): void => {
    if (step > 0) parts.push("\n", " ".repeat(step * depth));
  };
  const write = (item: unknown, depth: number): void => {
    if (depth > 4 * MAX_DEPTH) throw new RangeError("value nests too deep to print");
    if (item === null || item === undefined) parts.push("null");
    else if (typeof item === "string") parts.push(quote(item));
    else if (typeof item === "number") parts.push(numberText(item));
    else if (typeof item === "boolean") parts.push(item ? "true" : "false");
    else if (typeof item === "bigint") parts.push(item.toString());
    else if (item instanceof JsonFloat) parts.push(floatText(item.value));
    else if (item instanceof RawJson) parts.push(item.text);
    else if (Array.isArray(item)) {
      if (item.length === 0) {
        parts.push("[]");
        return;
      }
      parts.push("[");
      item.forEach((element, index) => {
        if (index > 0) parts.push(comma);
        line(depth + 1);
        write(element, depth + 1);
      });
      line(depth);
      parts.push("]");
    } else if (typeof item === "object") {
      const object = item as JsonObject;
      let first = true;
      parts.push("{");
      for (const key of keysOf(object)) {
        const member: unknown = object[key];
        if (member === undefined) continue;
        if (!first) parts.push(comma);
        first = false;
        line(depth + 1);
        parts.push(quote(key), colon);
        write(member, depth + 1);
      }
      if (!first) line(depth);
      parts.push("}");
    } else throw new TypeError(`cannot print a ${typeof item} as JSON`);
  };
  write(value, 0);
  return parts.join("");
}

/** JSON text that is already printed and goes into an answer as it is (stored prompts, cached parts). */
export class RawJson {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
