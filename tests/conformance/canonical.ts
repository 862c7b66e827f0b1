/** The canonical form in which converted prompts are compared: keys sorted, numbers as JavaScript writes them. */
import { isJsonObject, isNumeric, type JsonObject, type JsonValue, toNumber } from "@hearth/protocol";

/** Inputs that hold a random number or depend on timing. */
const BY_CHANCE = ["audioUI", "video-preview"];

/** Text without spaces; whole floats and integers beyond 2^53 are what a JavaScript program reads. */
export function canonicalText(value: JsonValue | undefined): string {
  if (isNumeric(value)) return JSON.stringify(toNumber(value) + 0);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`);
  return `{${members.join(",")}}`;
}

/** A prompt without what chance decides, and without titles if so wanted. */
export function comparable(prompt: JsonObject, titles: boolean): JsonObject {
  const nodes = Object.entries(prompt).map(([id, node]): [string, JsonValue] => {
    if (!isJsonObject(node) || !isJsonObject(node["inputs"])) return [id, node];
    const inputs = Object.entries(node["inputs"]).filter(([name]) => !BY_CHANCE.includes(name));
    const { _meta: meta, ...rest } = node;
    const kept = titles && meta !== undefined ? { ...rest, _meta: meta } : rest;
    return [id, { ...kept, inputs: Object.fromEntries(inputs) }];
  });
  return Object.fromEntries(nodes);
}

/** Where two prompts differ first, in words; `undefined` when they do not. */
export function promptDifference(expected: JsonObject, got: JsonObject): string | undefined {
  for (const [id, node] of Object.entries(expected)) {
    const other = got[id];
    const type = isJsonObject(node) ? String(node["class_type"]) : "?";
    if (!isJsonObject(node) || !isJsonObject(other)) return `node ${id} (${type}) is missing`;
    const [inputs, otherInputs] = [node["inputs"] as JsonObject, other["inputs"] as JsonObject];
    for (const name of new Set([...Object.keys(inputs), ...Object.keys(otherInputs)])) {
      const [want, have] = [textAt(inputs, name), textAt(otherInputs, name)];
      if (want !== have) return `node ${id} (${type}).${name}: ${short(have)}, expected ${short(want)}`;
    }
    for (const key of ["class_type", "_meta"]) {
      const [want, have] = [textAt(node, key), textAt(other, key)];
      if (want !== have) return `node ${id} (${type}) ${key}: ${short(have)}, expected ${short(want)}`;
    }
  }
  const extra = Object.keys(got).find((id) => expected[id] === undefined);
  return extra === undefined ? undefined : `node ${extra} is not expected`;
}

function textAt(object: JsonObject, key: string): string {
  return Object.hasOwn(object, key) ? canonicalText(object[key]) : "nothing";
}

function short(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
