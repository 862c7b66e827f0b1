/** Constants become what their declared type says, as Python's constructors do it. */
import { isJsonObject, JsonFloat, type JsonValue, pyRepr, pyStr, pyTypeName } from "@hearth/protocol";

/** What Python would raise. */
export class PythonError extends Error {
  readonly pythonType: string;
  constructor(pythonType: string, message: string) {
    super(message);
    this.name = pythonType;
    this.pythonType = pythonType;
  }
}

const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
const FLOAT = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/;
const WORDS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
]);

/** Python reads no longer integers from a text, because the time for it grows with the square of the length. */
const MAX_DIGITS = 4300;

/** What `str.strip()` removes: unlike JavaScript, the separators U+001C…U+001F and U+0085, but no byte order mark. */
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function strip(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text[start] as string)) start += 1;
  while (end > start && SPACE.test(text[end - 1] as string)) end -= 1;
  return text.slice(start, end);
}

/** A number's text as Python's parsers see it: without spaces around it, and with digits of any script as ASCII. */
function numberText(value: string): string {
  return strip(value).replaceAll(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) as number;
    if (code < 128) return digit;
    // Scripts have their digits in runs of ten (mathematical ones in five such runs) that start with zero.
    let zero = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String((code - zero) % 10);
  });
}

function exactInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Python's `int()`. @throws PythonError */
export function toInt(value: JsonValue): number | bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") {
    const text = numberText(value);
    if (INTEGER.test(text)) {
      const digits = text.replaceAll("_", "").replace(/^\+/, "");
      const count = digits.replace("-", "").length;
      if (count <= MAX_DIGITS) return exactInteger(BigInt(digits));
      throw new PythonError(
        "ValueError",
        `Exceeds the limit (${MAX_DIGITS} digits) for integer string conversion: value has ${count} digits; use sys.set_int_max_str_digits() to increase the limit`,
      );
    }
    throw new PythonError("ValueError", `invalid literal for int() with base 10: ${pyRepr(value)}`);
  }
  const number = value instanceof JsonFloat ? value.value : value;
  if (typeof number === "number") {
    if (Number.isNaN(number)) throw new PythonError("ValueError", "cannot convert float NaN to integer");
    if (!Number.isFinite(number))
      throw new PythonError("OverflowError", "cannot convert float infinity to integer");
    const whole = Math.trunc(number) + 0;
    return Number.isSafeInteger(whole) ? whole : exactInteger(BigInt(whole));
  }
  throw new PythonError(
    "TypeError",
    `int() argument must be a string, a bytes-like object or a real number, not '${pyTypeName(value)}'`,
  );
}

/** Python's `float()`: a `JsonFloat` where the value is whole. @throws PythonError */
export function toFloat(value: JsonValue): number | JsonFloat {
  const number = floatOf(value);
  return Number.isInteger(number) ? new JsonFloat(number) : number;
}

function floatOf(value: JsonValue): number {
  if (value instanceof JsonFloat) return value.value;
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "bigint") {
    const number = Number(value);
    if (Number.isFinite(number)) return number;
    throw new PythonError("OverflowError", "int too large to convert to float");
  }
  if (typeof value === "string") {
    const text = numberText(value);
    const word = WORDS.get(text.replace(/^[+-]/, "").toLowerCase());
    if (word !== undefined) return text.startsWith("-") ? -word : word;
    if (FLOAT.test(text)) return Number(text.replaceAll("_", ""));
    throw new PythonError("ValueError", `could not convert string to float: ${pyRepr(value)}`);
  }
  throw new PythonError(
    "TypeError",
    `float() argument must be a string or a real number, not '${pyTypeName(value)}'`,
  );
}

/** Python's `bool()`. */
export function toBool(value: JsonValue): boolean {
  if (value instanceof JsonFloat) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return typeof value === "number" ? value !== 0 : Boolean(value);
}

/** How constants of these types are taken in; all other types take any constant as it is. */
export const CONVERSIONS: ReadonlyMap<unknown, (value: JsonValue) => JsonValue> = new Map<
  unknown,
  (value: JsonValue) => JsonValue
>([
  ["INT", toInt],
  ["FLOAT", toFloat],
  ["STRING", pyStr],
  ["BOOLEAN", toBool],
]);

/** Python's `==` between JSON values: `1 == 1.0 == True`. */
export function pyEquals(a: JsonValue, b: JsonValue): boolean {
  const [x, y] = [comparable(a), comparable(b)];
  if (typeof x !== "object" || typeof y !== "object" || x === null || y === null) {
    if (typeof x === "bigint" && typeof y === "number") return Number.isInteger(y) && x === BigInt(y);
    if (typeof x === "number" && typeof y === "bigint") return Number.isInteger(x) && BigInt(x) === y;
    return x === y;
  }
  if (Array.isArray(x) && Array.isArray(y)) {
    return x.length === y.length && x.every((item, index) => pyEquals(item, y[index] as JsonValue));
  }
  if (!isJsonObject(x) || !isJsonObject(y)) return false;
  const keys = Object.keys(x);
  return (
    keys.length === Object.keys(y).length &&
    keys.every((key) => Object.hasOwn(y, key) && pyEquals(x[key] as JsonValue, y[key] as JsonValue))
  );
}

function comparable(value: JsonValue): JsonValue {
  if (value instanceof JsonFloat) return value.value;
  return typeof value === "boolean" ? Number(value) : value;
}

/** Python's `a < b` or `a > b` for a constant and a bound. @throws PythonError when they have no order */
export function pyCompare(a: JsonValue, operator: "<" | ">", b: JsonValue): boolean {
  const [x, y] = [comparable(a), comparable(b)];
  const isOrdered =
    ((typeof x === "number" || typeof x === "bigint") && (typeof y === "number" || typeof y === "bigint")) ||
    (typeof x === "string" && typeof y === "string");
  if (!isOrdered) {
    throw new PythonError(
      "TypeError",
      `'${operator}' not supported between instances of '${pyTypeName(a)}' and '${pyTypeName(b)}'`,
    );
  }
  return operator === "<" ? (x as number) < (y as number) : (x as number) > (y as number);
}
