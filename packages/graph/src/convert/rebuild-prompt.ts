/** Prompt → prompt: what comes back when the editor loads a prompt as a graph and converts it again. */
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NodeInfo,
  objectFrom,
} from "@hearth/protocol";
import { linkOf } from "../links.ts";
import type { NodeInfoLookup } from "./declared-types.ts";
import { ConvertError, type ConvertProblem, workflowError } from "./errors.ts";
import { titleOf } from "./titles.ts";
import { readWidgetsByName } from "./widgets.ts";

/** Whether a JSON value looks like a prompt: every member is a node with a class. */
export function isPrompt(value: JsonValue | undefined): value is JsonObject {
  if (!isJsonObject(value)) return false;
  const nodes = Object.values(value);
  return nodes.length > 0 && nodes.every((node) => isJsonObject(node) && "class_type" in node);
}

/**
 * Completes a prompt: values that it leaves out get their defaults, inputs that the class does not have and links to
 * nodes that are not there go, and every node has a title.
 * @throws ConvertError with every node whose class nobody knows
 */
export function rebuildPrompt(prompt: JsonObject, nodeInfo: NodeInfoLookup): JsonObject {
  const problems: ConvertProblem[] = [];
  const rebuilt = entriesOf(prompt).map(([nodeId, node]): [string, JsonObject] => {
    if (!isJsonObject(node) || typeof node["class_type"] !== "string") {
      throw workflowError(`node ${nodeId} has no class_type`);
    }
    const classType = node["class_type"];
    const info = nodeInfo(classType);
    if (info === undefined)
      problems.push({ nodeId, classType, reason: `there is no node class '${classType}'` });
    return [nodeId, info === undefined ? node : rebuildNode(node, info, prompt)];
  });
  if (problems.length > 0) throw new ConvertError(problems);
  return objectFrom(rebuilt);
}

function rebuildNode(node: JsonObject, info: NodeInfo, prompt: JsonObject): JsonObject {
  const given = isJsonObject(node["inputs"]) ? entriesOf(node["inputs"]) : [];
  const values = given.filter(([, value]) => linkOf(value) === undefined);
  const inputs = new Map<string, JsonValue>();
  for (const { name, isSent, value } of readWidgetsByName(info, new Map(values))) {
    if (isSent && value !== undefined) inputs.set(name, value);
  }
  for (const [name, value] of given) {
    const link = linkOf(value);
    if (link !== undefined && Object.hasOwn(prompt, link[0])) inputs.set(name, value);
  }
  const meta = node["_meta"];
  const title = (isJsonObject(meta) ? meta["title"] : undefined) ?? titleOf(info);
  return objectFrom([
    ["inputs", objectFrom(inputs)],
    ["class_type", info.name],
    ["_meta", objectFrom(title === undefined ? [] : [["title", title]])],
  ]);
}
