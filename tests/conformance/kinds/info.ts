/** Compares the node info of every class that the server has with what was recorded. */
import path from "node:path";
import { existsSync } from "node:fs";
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import { MatchContext } from "../match-context.ts";
import { match } from "../match.ts";
import { readJson } from "../recordings.ts";
import { LACKS } from "../report.ts";
import type { Run } from "../run.ts";
import { fitsGlob } from "../options.ts";

interface FileInput {
  readonly class: string;
  /** keys below the class */
  readonly path: readonly (string | number)[];
}

/** The recordings lie beside the folder of node cases. */
export async function compareInfo(run: Run, nodesFolder: string, got: JsonObject): Promise<void> {
  const folder = path.dirname(nodesFolder);
  const file = path.join(folder, "object_info.json");
  if (!existsSync(file)) return;
  const recorded = (await readJson(file)) as JsonObject;
  const lists = (await readJson(path.join(folder, "object_info.files.json"))) as unknown as FileInput[];
  const byClass = Map.groupBy(lists, (list) => list.class);
  for (const [name, expected] of Object.entries(recorded)) {
    if (!fitsGlob(name, run.options.only)) continue;
    const outcome = { kind: "info", area: name, name };
    const info = got[name];
    if (info === undefined) {
      run.report.add({ ...outcome, problems: [], skipped: LACKS + name });
      continue;
    }
    const plain = withoutProse(info) as JsonObject;
    for (const list of byClass.get(name) ?? []) emptyList(plain, list.path);
    // Where the recording has null or "" and prose was removed, both are text.
    const text =
      match(withoutProse(expected), plain, new MatchContext(), name) ?? orderProblem(expected, info, name);
    run.report.add({ ...outcome, problems: text === undefined ? [] : [{ text }] });
  }
}

/** Clients show inputs in the order of their keys. */
function orderProblem(expected: JsonValue, got: JsonValue, name: string): string | undefined {
  for (const group of ["required", "optional"]) {
    const keys = (info: JsonValue): string => {
      const input = isJsonObject(info) ? (info["input"] as JsonObject) : {};
      return Object.keys((input[group] ?? {}) as JsonObject).join(", ");
    };
    if (keys(expected) !== keys(got))
      return `${name}.input.${group}: order ${keys(got)}, expected ${keys(expected)}`;
  }
  return undefined;
}

/** `tooltip`, `description` and entries of `output_tooltips` are empty in the recording. */
function withoutProse(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]): [string, JsonValue] => {
      if ((key === "tooltip" || key === "description") && typeof item === "string") return [key, ""];
      if (key === "output_tooltips" && Array.isArray(item)) {
        return [key, item.map((text) => (typeof text === "string" ? "" : text))];
      }
      return [key, withoutProse(item)];
    }),
  );
}

/** Lists that are filled from folders are recorded empty. */
function emptyList(info: JsonObject, place: readonly (string | number)[]): void {
  let value: JsonValue | undefined = info;
  for (const key of place.slice(0, -1))
    value = (value as Record<string | number, JsonValue> | undefined)?.[key];
  if (typeof value === "object" && value !== null)
    (value as Record<string | number, JsonValue>)[place.at(-1) ?? ""] = [];
}
