/** Python's `str.format` with named values. */
import { isJsonObject, JsonFloat, pyRepr, pyStr, pyTypeName } from "@hearth/protocol";
import { NodeError } from "../sdk/index.ts";
import { formatValue } from "./format-spec.ts";

/**
 * Fills `{name}`, `{name!r:>10}`, `{name[key]}` and `{name.real}` fields of a template.
 * @throws NodeError `KeyError` for a name without a value, `IndexError` for a positional field, `ValueError` for bad braces
 */
export function formatString(template: string, values: Readonly<Record<string, unknown>>): string {
  return expand(template, values, 2);
}

function expand(template: string, values: Readonly<Record<string, unknown>>, depth: number): string {
  if (depth === 0) throw new NodeError("Max string recursion exceeded", "ValueError");
  let out = "";
  let at = 0;
  while (at < template.length) {
    const char = template.charAt(at);
    if (char !== "{" && char !== "}") {
      out += char;
      at += 1;
    } else if (template.charAt(at + 1) === char) {
      out += char;
      at += 2;
    } else if (char === "}") {
      throw new NodeError("Single '}' encountered in format string", "ValueError");
    } else {
      const end = closingBrace(template, at);
      out += field(template.slice(at + 1, end), values, depth);
      at = end + 1;
    }
  }
  return out;
}

function closingBrace(template: string, open: number): number {
  if (open + 1 >= template.length)
    throw new NodeError("Single '{' encountered in format string", "ValueError");
  let depth = 0;
  for (let at = open; at < template.length; at += 1) {
    if (template.charAt(at) === "{") depth += 1;
    else if (template.charAt(at) === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new NodeError("expected '}' before end of string", "ValueError");
}

const FIELD = /^((?:[^!:[{}]|\[[^\]]*\])*)(?:!([^:]*))?(?::(.*))?$/su;

function field(text: string, values: Readonly<Record<string, unknown>>, depth: number): string {
  const match = FIELD.exec(text);
  if (match === null) throw new NodeError("unexpected '{' in field name", "ValueError");
  const [, name = "", conversion, spec = ""] = match;
  let value = lookUp(name, values);
  if (conversion === "r") value = pyRepr(value);
  else if (conversion === "a") value = asciiRepr(value);
  else if (conversion === "s") value = pyStr(value);
  else if (conversion !== undefined) {
    throw new NodeError(
      conversion === ""
        ? "end of string while looking for conversion specifier"
        : `Unknown conversion specifier ${conversion}`,
      "ValueError",
    );
  }
  return formatValue(value, spec.includes("{") ? expand(spec, values, depth - 1) : spec);
}

function asciiRepr(value: unknown): string {
  return pyRepr(value).replace(/[^\0-\x7f]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
    return `\\U${code.toString(16).padStart(8, "0")}`;
  });
}

function lookUp(path: string, values: Readonly<Record<string, unknown>>): unknown {
  const [head = ""] = /^[^.[]*/.exec(path) ?? [];
  if (head === "" || /^\d+$/.test(head)) {
    const index = head === "" ? 0 : Number(head);
    throw new NodeError(`Replacement index ${index} out of range for positional args tuple`, "IndexError");
  }
  if (!Object.hasOwn(values, head)) throw new NodeError(pyRepr(head), "KeyError");
  let value: unknown = values[head];
  for (let rest = path.slice(head.length); rest !== "";) {
    const step = /^(?:\.([^.[]+)|\[([^\]]+)\])/su.exec(rest);
    if (step === null) throw new NodeError("Empty attribute in format string", "ValueError");
    const [whole, attribute, key] = step;
    value = attribute === undefined ? item(value, key ?? "") : numberAttribute(value, attribute);
    rest = rest.slice(whole.length);
  }
  return value;
}

function item(value: unknown, key: string): unknown {
  const index = /^\d+$/.test(key) ? Number(key) : undefined;
  if (Array.isArray(value) || typeof value === "string") {
    const items: readonly unknown[] = typeof value === "string" ? [...value] : value;
    if (index === undefined) {
      throw new NodeError(`${pyTypeName(value)} indices must be integers or slices, not str`, "TypeError");
    }
    if (index >= items.length) throw new NodeError(`${pyTypeName(value)} index out of range`, "IndexError");
    return items[index];
  }
  if (isJsonObject(value)) {
    // Keys of a JSON object are texts: a number in brackets is an integer key, which it never holds.
    if (index !== undefined || !Object.hasOwn(value, key))
      throw new NodeError(index === undefined ? pyRepr(key) : key, "KeyError");
    return value[key];
  }
  throw new NodeError(`'${pyTypeName(value)}' object is not subscriptable`, "TypeError");
}

/** Attributes of Python numbers; other objects show none of theirs. */
export function numberAttribute(value: unknown, name: string): unknown {
  const type = pyTypeName(value);
  const isFloat = type === "float";
  if (isFloat || type === "int" || type === "bool") {
    if (name === "real") return type === "bool" ? Number(value) : value;
    if (name === "imag") return isFloat ? new JsonFloat(0) : 0;
    if (!isFloat && name === "numerator") return type === "bool" ? Number(value) : value;
    if (!isFloat && name === "denominator") return 1;
  }
  throw new NodeError(`'${type}' object has no attribute '${name}'`, "AttributeError");
}
