/** Compares the node info of a class with the recorded one, apart from prose. */
import type { NodeClass } from "@hearth/engine";
import { isJsonObject, type JsonObject, type JsonValue, parseJson, printJson } from "@hearth/protocol";
import { readFileSync } from "node:fs";
import path from "node:path";

let recorded: JsonObject | undefined;

/** What differs, or `undefined`. Texts of tooltips and descriptions are blanked on both sides, as in the recording. */
export function infoDifference(cls: NodeClass, goldenFolder: string): string | undefined {
  recorded ??= parseJson(readFileSync(path.join(goldenFolder, "object_info.json"), "utf8")) as JsonObject;
  const expected = recorded[cls.name];
  if (expected === undefined) return `${cls.name} is not a recorded class`;
  return firstDifference(withoutProse(cls.info as unknown as JsonValue), withoutProse(expected), "");
}

function withoutProse(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if ((key === "tooltip" || key === "description") && typeof item === "string") return [key, ""];
      if (key === "output_tooltips" && Array.isArray(item)) {
        return [key, item.map((text) => (typeof text === "string" ? "" : text))];
      }
      return [key, withoutProse(item)];
    }),
  );
}

function firstDifference(got: JsonValue, expected: JsonValue, at: string): string | undefined {
  if (isJsonObject(got) && isJsonObject(expected)) {
    if (Object.keys(got).join() !== Object.keys(expected).join()) {
      return `${at}: keys [${Object.keys(got).join(", ")}], expected [${Object.keys(expected).join(", ")}]`;
    }
    for (const key of Object.keys(expected)) {
      const found = firstDifference(got[key] as JsonValue, expected[key] as JsonValue, `${at}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(got) && Array.isArray(expected) && got.length === expected.length) {
    for (const [index, item] of expected.entries()) {
      const found = firstDifference(got[index] as JsonValue, item, `${at}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const [left, right] = [printJson(got), printJson(expected)];
  return left === right ? undefined : `${at}: ${left}, expected ${right}`;
}
