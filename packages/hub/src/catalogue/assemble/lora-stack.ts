/** LoRA loaders of a static workflow: one node stands for as many as were picked, or for none. */
import { entriesOf, isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import { linkOf } from "@hearth/graph";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import { nodeOf, type PromptNode, writeInput } from "./prompt-nodes.ts";

/** The inputs that a loader passes on, in the order of its outputs. */
const PASSED = ["model", "clip"] as const;

/**
 * Puts the picked LoRAs in the place of the loader `id`: the first into the loader itself, each further one into a copy
 * behind it. Without any, the loader goes, and what it passed on is linked past it.
 * @param loras `{name, strength}` each
 * @throws Error when the node is no LoRA loader
 */
export function placeLoras(
  prompt: JsonObject,
  id: string,
  loras: readonly JsonObject[],
  nodeInfo: NodeInfoLookup,
): void {
  const loader = nodeOf(prompt, id);
  if (loader === undefined || linkOf(loader.inputs["model"] ?? null) === undefined) {
    throw new Error(`node ${id} is no LoRA loader with a model linked to it`);
  }
  const [first, ...others] = loras;
  if (first === undefined) {
    for (const [output, name] of PASSED.entries()) {
      relink(prompt, id, output, loader.inputs[name]);
    }
    delete prompt[id];
    return;
  }
  setLora(loader, first, nodeInfo);
  let last = id;
  for (const [index, lora] of others.entries()) {
    const copyId = freeId(prompt, `${id}-${index + 2}`);
    const copy = structuredClone(prompt[id]) as JsonObject;
    for (const [output] of PASSED.entries()) relink(prompt, last, output, [copyId, output]);
    prompt[copyId] = copy;
    const node = nodeOf(prompt, copyId) as PromptNode;
    for (const [output, name] of PASSED.entries()) {
      if (linkOf(loader.inputs[name] ?? null) !== undefined) node.inputs[name] = [last, output];
    }
    setLora(node, lora, nodeInfo);
    last = copyId;
  }
}

function setLora(node: PromptNode, lora: JsonObject, nodeInfo: NodeInfoLookup): void {
  writeInput(node, "lora_name", lora["name"] ?? null, nodeInfo);
  const strength = lora["strength"] ?? null;
  writeInput(node, "strength_model", strength, nodeInfo);
  if (linkOf(node.inputs["clip"] ?? null) !== undefined) {
    writeInput(node, "strength_clip", strength, nodeInfo);
  }
}

/** Every link to output `output` of node `id` becomes `to`. */
function relink(prompt: JsonObject, id: string, output: number, to: JsonValue | undefined): void {
  for (const node of Object.values(prompt)) {
    const inputs = isJsonObject(node) ? node["inputs"] : undefined;
    if (!isJsonObject(inputs)) continue;
    for (const [field, value] of entriesOf(inputs)) {
      const link = linkOf(value);
      if (link === undefined || link[0] !== id || Number(link[1]) !== output) continue;
      if (to === undefined) delete inputs[field];
      else inputs[field] = to;
    }
  }
}

function freeId(prompt: JsonObject, wanted: string): string {
  let id = wanted;
  while (Object.hasOwn(prompt, id)) id = `${id}x`;
  return id;
}
