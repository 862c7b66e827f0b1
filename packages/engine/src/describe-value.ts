/** Values of inputs as error reports print them: as Python would, but tensors and long texts summarised. */
import {
  entriesOf,
  isJsonObject,
  JsonFloat,
  pyRepr,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";

/** A report is for reading: no text of a value is longer than this many characters. */
const LONGEST = 100_000;
const DEEPEST = 32;

/** null, numbers, booleans and strings stay as they are, everything else becomes text. */
export function reportedValue(value: unknown): JsonValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return value;
  if (typeof value === "string" || value instanceof JsonFloat) return value;
  const printer: Printer = { parts: [], length: 0 };
  describe(value, printer, 0);
  return printer.parts.join("");
}

interface Printer {
  readonly parts: string[];
  length: number;
}

function print(printer: Printer, text: string): void {
  if (printer.length >= LONGEST) return;
  const rest = LONGEST - printer.length;
  printer.parts.push(text.length > rest ? `${text.slice(0, rest)}…` : text);
  printer.length += text.length;
}

function describe(value: unknown, printer: Printer, depth: number): void {
  if (printer.length >= LONGEST) return;
  if (depth > DEEPEST) print(printer, "…");
  else if (Array.isArray(value)) {
    print(printer, "[");
    for (let index = 0; index < value.length && printer.length < LONGEST; index += 1) {
      if (index > 0) print(printer, ", ");
      describe(value[index], printer, depth + 1);
    }
    print(printer, "]");
  } else if (ArrayBuffer.isView(value))
    print(printer, `${value.constructor.name}(${value.byteLength} bytes)`);
  else if (typeof value === "object" && value !== null && !(value instanceof JsonFloat)) {
    describeObject(value, printer, depth);
  } else print(printer, typeof value === "function" ? `<function ${value.name}>` : pyRepr(value));
}

function describeObject(value: object, printer: Printer, depth: number): void {
  if (
    Object.hasOwn(Object.getPrototypeOf(value) ?? {}, "toString") &&
    Object.getPrototypeOf(value) !== Object.prototype
  ) {
    print(printer, String(value));
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || !isJsonObject(value)) {
    print(printer, `<${value.constructor.name} object>`);
    return;
  }
  print(printer, "{");
  let first = true;
  for (const [key, member] of entriesOf(value as JsonObject)) {
    if (printer.length >= LONGEST) break;
    print(printer, `${first ? "" : ", "}${pyRepr(key)}: `);
    first = false;
    describe(member, printer, depth + 1);
  }
  print(printer, "}");
}
