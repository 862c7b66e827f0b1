/** Makes the prompt of a node case: the class under test as node `"1"`, its sources, and a collector per output. */
import {
  entriesOf,
  isJsonObject,
  objectFrom,
  printJson,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";
import { MAKERS, specialKey } from "./packs/golden-pack/make.ts";

export interface NodeCase {
  readonly name: string;
  readonly node_class?: string;
  readonly inputs: JsonObject;
  readonly input_files?: readonly JsonObject[];
  readonly extra_pnginfo?: JsonObject;
  readonly tolerance?: JsonObject;
  readonly expect: JsonObject;
}

/** All classes that a case needs, besides the pack's. */
export function classesOf(tested: string, given: NodeCase): string[] {
  const classes = [given.node_class ?? tested];
  const walk = (inputs: JsonObject): void => {
    for (const value of Object.values(inputs)) {
      if (specialKey(value) !== "$node") continue;
      const node = (value as JsonObject)["$node"] as JsonObject;
      classes.push(String(node["class"]));
      walk(node["inputs"] as JsonObject);
    }
  };
  walk(given.inputs);
  return classes;
}

/** The first kind of value among the inputs that cannot be built (`$model`, …). */
export function unbuildable(value: JsonValue): string | undefined {
  if (Array.isArray(value)) return firstOf(value);
  if (!isJsonObject(value)) return undefined;
  const key = specialKey(value);
  if (key !== undefined && !["$in", "$list", "$node"].includes(key) && MAKERS[key] === undefined) return key;
  return firstOf(Object.values(value));
}

function firstOf(values: readonly JsonValue[]): string | undefined {
  for (const value of values) {
    const found = unbuildable(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The id of the collector behind an output slot. */
export function collectorId(slot: number): string {
  return `golden_out_${slot}`;
}

/**
 * Builds the prompt. Slot `i` of node `"1"` is written to `<resultFile>.<i>.json` and `.f32`.
 * @param slots the number of outputs of the class under test
 */
export function buildPrompt(tested: string, given: NodeCase, slots: number, resultFile: string): JsonObject {
  const nodes: [string, JsonValue][] = [];
  let counter = 0;
  const add = (class_type: string, inputs: JsonObject): string => {
    counter += 1;
    const id = `golden_in_${counter}`;
    nodes.push([id, { class_type, inputs }]);
    return id;
  };
  const build = (inputs: JsonObject): JsonObject =>
    objectFrom(entriesOf(inputs).map(([name, value]): [string, JsonValue] => [name, link(value)]));
  const link = (value: JsonValue): JsonValue => {
    const key = specialKey(value);
    if (key === undefined) return value;
    const payload = (value as JsonObject)[key] as JsonValue;
    if (key === "$in") return [add("GoldenSource", { description: printJson(payload) }), 0];
    if (key === "$list") return [add("GoldenList", { description: printJson(payload) }), 0];
    if (key === "$int") return BigInt(String(payload));
    if (key !== "$node") return value;
    const node = payload as JsonObject;
    return [add(String(node["class"]), build(node["inputs"] as JsonObject)), node["slot"] ?? 0];
  };
  const inputs = build(given.inputs);
  nodes.push(["1", { class_type: given.node_class ?? tested, inputs }]);
  for (let slot = 0; slot < slots; slot += 1) {
    const collector = { value: ["1", slot], file: `${resultFile}.${slot}` };
    nodes.push([collectorId(slot), { class_type: "GoldenCollect", inputs: collector }]);
  }
  return objectFrom(nodes);
}
