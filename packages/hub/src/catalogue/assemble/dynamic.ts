/**
 * A dynamic workflow: blocks in a row. Node ids of a block get the step's name before them, imports are linked to what
 * earlier blocks export under the same name, placeholders are filled, and a step may be left out or repeated.
 */
import {
  cloneJson,
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  objectFrom,
} from "@hearth/protocol";
import { linkOf } from "@hearth/graph";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import type { Block, Manifest, Step } from "../manifest/schema.ts";
import type { Seeds } from "../values/seeds.ts";
import { fill } from "./placeholders.ts";
import { convertInputs, nodeOf } from "./prompt-nodes.ts";

/** More nodes than anybody's pipeline makes; validation and the engine have their own bounds. */
const MAX_NODES = 10_000;

type Link = [string, number];
/** What blocks exported so far: a link, or a list of them for what was collected. */
type Exports = Map<string, Link | Link[]>;

/**
 * The prompt of a dynamic workflow.
 * @param blocks by name
 * @param values by input id, seeds resolved
 * @param seeds gives the seeds of repetitions, and notes them
 * @throws Error that says what the workflow's author has to mend
 */
export function assembleDynamic(
  manifest: Manifest,
  blocks: ReadonlyMap<string, Block>,
  values: JsonObject,
  seeds: Seeds,
  nodeInfo: NodeInfoLookup,
): JsonObject {
  const nodes: [string, JsonValue][] = [];
  const exports: Exports = new Map();
  for (const step of manifest.pipeline) {
    if (isSkipped(step, values)) continue;
    const block = blocks.get(step.block);
    if (block === undefined) throw new Error(`there is no block '${step.block}'`);
    const collected = new Map<string, Link[]>();
    for (const round of rounds(manifest, step, values, seeds)) {
      const name = [step.id ?? step.block, ...(round.suffix === undefined ? [] : [round.suffix])].join("-");
      const placed = placeBlock(block, name, round.scope, exports);
      nodes.push(...placed.nodes);
      if (nodes.length > MAX_NODES) throw new Error(`the pipeline makes more than ${MAX_NODES} nodes`);
      for (const [name, link] of placed.exports) {
        exports.set(name, link);
        const list = step.collect?.[name];
        if (list !== undefined) collected.set(list, [...(collected.get(list) ?? []), link]);
      }
    }
    for (const [name, links] of collected) exports.set(name, links);
  }
  const prompt = objectFrom(nodes);
  if (Object.keys(prompt).length < nodes.length) throw new Error("two steps make nodes of the same id");
  convertInputs(prompt, nodeInfo);
  return prompt;
}

function isSkipped({ when }: Step, values: JsonObject): boolean {
  if (when === undefined) return false;
  return when.startsWith("!") ? values[when.slice(1)] === true : values[when] !== true;
}

interface Round {
  /** what the placeholders of the block may name */
  readonly scope: JsonObject;
  /** counts the repetitions from 1 */
  readonly suffix?: string;
}

/** The repetitions of a step: `number` counts from 1, `index` from 0, `item` is the scene or LoRA. */
function rounds(manifest: Manifest, step: Step, values: JsonObject, seeds: Seeds): Round[] {
  const own = fill((step.with ?? {}) as JsonObject, values) as JsonObject;
  if (step.repeat === undefined) return [{ scope: { ...values, ...own } }];
  const repeated = typeof step.repeat === "string" ? (values[step.repeat] ?? 0) : step.repeat;
  if (!Array.isArray(repeated) && Number(repeated) > MAX_NODES) {
    throw new Error(`step '${step.id ?? step.block}' is repeated more than ${MAX_NODES} times`);
  }
  const items: JsonValue[] = Array.isArray(repeated)
    ? repeated
    : Array.from({ length: Number(repeated) }, (_, index) => index + 1);
  const isScenes = manifest.inputs.some(({ id, type }) => id === step.repeat && type === "scenes");
  const stepped = step.seed ?? manifest.inputs.find(({ type }) => type === "seed")?.id;
  return items.map((given, index) => {
    const number = index + 1;
    const scope: JsonObject = { ...values, ...own, index, number, count: items.length };
    const item = isScenes ? sceneSeed(manifest, step, given, number, seeds) : given;
    const base = stepped === undefined ? undefined : values[stepped];
    const hasOwn = item !== given;
    // Lists of LoRAs are applied one after the other within one picture: no seed changes.
    const isBatch = isScenes || !Array.isArray(repeated);
    if (
      isBatch &&
      !hasOwn &&
      stepped !== undefined &&
      (typeof base === "number" || typeof base === "bigint")
    ) {
      scope[stepped] = seeds.stepped(`${isScenes ? "scene" : "batch"}_${number}`, base, index);
    }
    return { scope: { ...scope, item }, suffix: String(number) };
  });
}

/** A scene with a seed of its own gets it resolved; it is noted as `scene_<number>`. */
function sceneSeed(
  manifest: Manifest,
  step: Step,
  scene: JsonValue,
  number: number,
  seeds: Seeds,
): JsonValue {
  const fields = manifest.inputs.find(({ id }) => id === step.repeat)?.fields;
  const field = fields?.find(({ type }) => type === "seed");
  if (field === undefined || !isJsonObject(scene)) return scene;
  return { ...scene, [field.id]: seeds.resolve(`scene_${number}`, scene[field.id] ?? null) };
}

interface PlacedBlock {
  readonly nodes: [string, JsonValue][];
  readonly exports: [string, Link][];
}

function placeBlock(block: Block, prefix: string, scope: JsonObject, known: Exports): PlacedBlock {
  const inner = fill(cloneJson(block.nodes as JsonObject), scope) as JsonObject;
  const renamed = (id: string): string => `${prefix}-${id}`;
  for (const [id, node] of entriesOf(inner)) {
    if (!isJsonObject(node) || typeof node["class_type"] !== "string") {
      throw new Error(`node ${id} of a block in step '${prefix}' has no class_type`);
    }
    const inputs: JsonObject = nodeOf(inner, id)?.inputs ?? {};
    for (const [field, value] of entriesOf(inputs)) {
      const link = linkOf(value);
      if (link !== undefined && Object.hasOwn(inner, link[0])) inputs[field] = [renamed(link[0]), link[1]];
    }
  }
  for (const [name, given] of Object.entries(block.imports ?? {})) {
    const exported = known.get(name);
    if (exported === undefined) {
      if (block.optional?.includes(name) === true) continue;
      throw new Error(`step '${prefix}' imports '${name}', which no step before it exports`);
    }
    for (const place of Array.isArray(given) ? given : [given]) {
      linkImport(inner, place, name, exported, prefix);
    }
  }
  const exports = Object.entries(block.exports ?? {}).map(([name, [id, slot]]): [string, Link] => {
    if (!Object.hasOwn(inner, id))
      throw new Error(`step '${prefix}' exports node ${id}, which its block lacks`);
    return [name, [renamed(id), slot]];
  });
  return { nodes: entriesOf(inner).map(([id, node]) => [renamed(id), node]), exports };
}

/** @param place `<node>.<field>` */
function linkImport(
  inner: JsonObject,
  place: string,
  name: string,
  exported: Link | Link[],
  prefix: string,
): void {
  const dot = place.indexOf(".");
  const node = nodeOf(inner, place.slice(0, dot));
  const field = place.slice(dot + 1);
  if (dot < 1 || field === "" || node === undefined) {
    throw new Error(
      `step '${prefix}' imports '${name}' to '${place}', which is no node and field of its block`,
    );
  }
  const isList = Array.isArray(exported[0]);
  if (field.endsWith("*")) {
    const links = (isList ? exported : [exported]) as Link[];
    for (const [index, link] of links.entries()) node.inputs[field.slice(0, -1) + String(index)] = [...link];
    return;
  }
  if (isList) throw new Error(`step '${prefix}' imports the list '${name}' to '${place}': write '${place}*'`);
  node.inputs[field] = [...(exported as Link)];
}
