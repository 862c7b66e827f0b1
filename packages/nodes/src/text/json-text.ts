/** `json.dumps(value, indent=…, ensure_ascii=False)` of values that travel between nodes. */
import { entriesOf, floatText, isJsonObject, JsonFloat, type JsonObject, MAX_DEPTH } from "@hearth/protocol";
import { NodeError } from "../sdk/index.ts";

/**
 * Prints a value as Python's `json` does, non-ASCII characters kept.
 * @param indent spaces per level; 0 prints one line with `", "` and `": "`
 * @throws NodeError `TypeError` for a value that JSON cannot hold (a tensor, for one)
 */
export function jsonText(value: unknown, indent: number): string {
  const parts: string[] = [];
  const line = (depth: number): string => (indent > 0 ? `\n${" ".repeat(indent * depth)}` : "");
  const comma = indent > 0 ? "," : ", ";
  const write = (item: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) throw new NodeError("the value nests too deep for JSON", "RecursionError");
    if (item === null || item === undefined) parts.push("null");
    else if (typeof item === "string") parts.push(quote(item));
    else if (typeof item === "boolean") parts.push(item ? "true" : "false");
    else if (typeof item === "bigint") parts.push(item.toString());
    else if (typeof item === "number")
      parts.push(Number.isSafeInteger(item) ? String(item) : floatText(item));
    else if (item instanceof JsonFloat) parts.push(floatText(item.value));
    else if (Array.isArray(item)) {
      list("[", "]", item, depth, (element) => write(element, depth + 1));
    } else if (isPlainObject(item)) {
      list("{", "}", entriesOf(item), depth, ([key, member]) => {
        parts.push(quote(key), ": ");
        write(member, depth + 1);
      });
    } else {
      const name = (item as object).constructor.name;
      throw new NodeError(`Object of type ${name} is not JSON serializable`, "TypeError");
    }
  };
  const list = <T>(
    open: string,
    close: string,
    items: readonly T[],
    depth: number,
    each: (item: T) => void,
  ): void => {
    parts.push(open);
    items.forEach((item, index) => {
      parts.push(index > 0 ? comma : "", line(depth + 1));
      each(item);
    });
    parts.push(items.length > 0 ? line(depth) : "", close);
  };
  write(value, 0);
  return parts.join("");
}

/** True for dictionaries, false for instances (tensors, samplers, …). */
function isPlainObject(value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what JSON escapes
  const escaped = text.replace(/["\\\u0000-\u001f]/g, (char) => {
    return SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}
