/** Reading and writing the nodes of a prompt that is put together. */
import {
  type InputDeclaration,
  isJsonObject,
  isNumeric,
  JsonFloat,
  type JsonObject,
  type JsonValue,
  setKey,
  toNumber,
} from "@hearth/protocol";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import { numberText } from "../values/kinds.ts";

/** A node as far as assembly needs it: its class, and its inputs to write to. */
export interface PromptNode {
  readonly classType: string;
  readonly inputs: JsonObject;
}

/** The node of this id; `undefined` when the prompt has none. */
export function nodeOf(prompt: JsonObject, id: string): PromptNode | undefined {
  const node = Object.hasOwn(prompt, id) ? prompt[id] : undefined;
  if (!isJsonObject(node)) return undefined;
  if (!isJsonObject(node["inputs"])) node["inputs"] = {};
  const classType = node["class_type"];
  return { classType: typeof classType === "string" ? classType : "", inputs: node["inputs"] as JsonObject };
}

/** Writes an input, in the type that the class declares where a plain conversion leads there. */
export function writeInput(
  node: PromptNode,
  field: string,
  value: JsonValue,
  nodeInfo: NodeInfoLookup,
): void {
  setKey(node.inputs, field, converted(value, declared(node.classType, field, nodeInfo)));
}

/** Converts what placeholders brought in, which know nothing of the class. */
export function convertInputs(prompt: JsonObject, nodeInfo: NodeInfoLookup): void {
  for (const id of Object.keys(prompt)) {
    const node = nodeOf(prompt, id);
    if (node === undefined) continue;
    for (const [field, value] of Object.entries(node.inputs)) writeInput(node, field, value, nodeInfo);
  }
}

function declared(
  className: string,
  field: string,
  nodeInfo: NodeInfoLookup,
): JsonValue | readonly unknown[] | undefined {
  const info = nodeInfo(className);
  for (const group of [info?.input.required, info?.input.optional]) {
    const declaration: InputDeclaration | undefined =
      group !== undefined && Object.hasOwn(group, field) ? group[field] : undefined;
    if (declaration !== undefined) return declaration[0];
  }
  return undefined;
}

function converted(value: JsonValue, type: JsonValue | readonly unknown[] | undefined): JsonValue {
  if (type === "STRING" && isNumeric(value)) return numberText(value);
  if (type === "INT" && value instanceof JsonFloat) return value.value;
  if (type === "FLOAT" && typeof value === "number" && Number.isInteger(value)) return new JsonFloat(value);
  if ((type === "INT" || type === "FLOAT") && typeof value === "boolean") return value ? 1 : 0;
  if (type === "BOOLEAN" && isNumeric(value)) return toNumber(value) !== 0;
  return value;
}
