/** Reads the graphs of a workflow file: version 0.4 (links as lists) and version 1 (links as objects). */
import { isJsonObject, isNumeric, type JsonObject, type JsonValue, toNumber } from "@hearth/protocol";
import type { SlotType } from "../types.ts";
import { workflowError } from "./errors.ts";
import type { Graph, InputSlot, Link, OutputSlot, Port, WorkflowNode } from "./workflow.ts";

/** Ids of the two ends of a subgraph, where the definition does not name them. */
const INPUT_NODE = "-10";
const OUTPUT_NODE = "-20";

/** Gives a node the id that it has in the prompt; the same as in the file unless ids clash. */
export type IdChange = (id: string) => string;

/**
 * Reads the root graph or a subgraph definition.
 * @param place how errors name it
 * @throws ConvertError when a node, link or port has not the form that the editor writes
 */
export function readGraph(source: JsonObject, place: string, renamed: IdChange = (id) => id): Graph {
  const inputNode = boundaryId(source["inputNode"], INPUT_NODE);
  const outputNode = boundaryId(source["outputNode"], OUTPUT_NODE);
  const nodes = new Map<string, WorkflowNode>();
  for (const item of listOf(source["nodes"], `${place}: nodes`)) {
    const node = readNode(item, place, renamed);
    if (nodes.has(node.id)) throw workflowError(`${place}: two nodes have the id ${node.id}`);
    nodes.set(node.id, node);
  }
  const links = new Map<string, Link>();
  const outputLinks = new Map<number, Link>();
  for (const item of listOf(source["links"] ?? [], `${place}: links`)) {
    if (item === null) continue;
    const [id, link] = readLink(item, place, (end) =>
      end === inputNode || end === outputNode ? end : renamed(end),
    );
    links.set(id, link);
    if (link.target === outputNode && !outputLinks.has(link.targetSlot)) {
      outputLinks.set(link.targetSlot, link);
    }
  }
  return {
    name: textOf(source["name"]) ?? "",
    nodes,
    links,
    inputs: readPorts(source["inputs"], `${place}: inputs`),
    inputNode,
    outputLinks,
  };
}

/** The ids of a graph's nodes, in file order. */
export function nodeIds(source: JsonObject, place: string): string[] {
  return listOf(source["nodes"], `${place}: nodes`).map((item) => idOf(item, place));
}

/** A list of the file. @throws ConvertError when it is none */
export function listOf(value: JsonValue | undefined, place: string): JsonValue[] {
  if (!Array.isArray(value)) throw workflowError(`${place}: expected a list`);
  return value;
}

function boundaryId(value: JsonValue | undefined, usual: string): string {
  return isJsonObject(value) ? (keyOf(value["id"]) ?? usual) : usual;
}

/** The id of a node. @throws ConvertError when it has none */
function idOf(item: JsonValue, place: string): string {
  const id = isJsonObject(item) ? keyOf(item["id"]) : undefined;
  if (id === undefined) throw workflowError(`${place}: a node has no id`);
  return id;
}

/** @throws ConvertError when it has no id or type, or slots that are no objects */
export function readNode(item: JsonValue, place: string, renamed: IdChange): WorkflowNode {
  const id = idOf(item, place);
  const source = item as JsonObject;
  const type = textOf(source["type"]);
  if (type === undefined) throw workflowError(`${place}: node ${id} has no type`);
  const where = `${place}: node ${id} (${type})`;
  return {
    id: renamed(id),
    type,
    title: textOf(source["title"]),
    mode: isNumeric(source["mode"]) ? toNumber(source["mode"]) : 0,
    inputs: listOf(source["inputs"] ?? [], `${where}: inputs`).map((slot) => readInput(slot, where)),
    outputs: listOf(source["outputs"] ?? [], `${where}: outputs`).map((slot) => readOutput(slot, where)),
    values: source["widgets_values"],
    properties: isJsonObject(source["properties"]) ? source["properties"] : {},
  };
}

function readInput(slot: JsonValue, where: string): InputSlot {
  if (!isJsonObject(slot)) throw workflowError(`${where}: an input is not an object`);
  const widget = slot["widget"];
  return {
    name: textOf(slot["name"]) ?? "",
    type: typeOf(slot["type"]),
    link: keyOf(slot["link"]),
    widget: isJsonObject(widget) ? textOf(widget["name"]) : undefined,
  };
}

function readOutput(slot: JsonValue, where: string): OutputSlot {
  if (!isJsonObject(slot)) throw workflowError(`${where}: an output is not an object`);
  return { name: textOf(slot["name"]) ?? "", type: typeOf(slot["type"]) };
}

function readPorts(value: JsonValue | undefined, place: string): Port[] {
  return listOf(value ?? [], place).map((port) => {
    if (!isJsonObject(port)) throw workflowError(`${place}: a port is not an object`);
    const links = Array.isArray(port["linkIds"]) ? port["linkIds"].map(keyOf) : [];
    return { name: textOf(port["name"]) ?? "", links: links.filter((id) => id !== undefined) };
  });
}

/** `[id, origin, slot, target, slot, type]`, or the same as an object. */
function readLink(item: JsonValue, place: string, renamed: IdChange): [string, Link] {
  const parts = Array.isArray(item)
    ? item
    : isJsonObject(item)
      ? ["id", "origin_id", "origin_slot", "target_id", "target_slot"].map((key) => item[key])
      : [];
  const [id, origin, target] = [keyOf(parts[0]), keyOf(parts[1]), keyOf(parts[3])];
  if (id === undefined || origin === undefined || target === undefined) {
    throw workflowError(`${place}: a link does not say which nodes it joins`);
  }
  const [originSlot, targetSlot] = [slotOf(parts[2]), slotOf(parts[4])];
  if (originSlot === undefined || targetSlot === undefined) {
    throw workflowError(`${place}: link ${id} has a slot that is no number`);
  }
  return [id, { origin: renamed(origin), originSlot, target: renamed(target), targetSlot }];
}

/** Slots are numbers; old files write some of them as text. */
function slotOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === "string" && /^\d+$/.test(value)) return Number(value);
  return isNumeric(value) ? toNumber(value) : undefined;
}

/** Ids are numbers or texts; in a prompt they are texts. */
function keyOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "bigint" ? String(value) : isNumeric(value) ? String(toNumber(value)) : undefined;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A slot without a type takes anything. */
function typeOf(value: JsonValue | undefined): SlotType {
  return typeof value === "string" || Array.isArray(value) ? value : "*";
}
