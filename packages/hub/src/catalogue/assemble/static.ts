/** A static workflow: its one prompt, with the values where the manifest says they go. */
import { cloneJson, isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import type { Manifest, ManifestInput, Target } from "../manifest/schema.ts";
import { placeLoras } from "./lora-stack.ts";
import { fill } from "./placeholders.ts";
import { convertInputs, nodeOf, writeInput } from "./prompt-nodes.ts";

/** The parts of values that have some, and the fields where they go unless the manifest says otherwise. */
const PARTS: Readonly<Partial<Record<ManifestInput["type"], readonly string[]>>> = {
  resolution: ["width", "height"],
};

/**
 * The prompt of a static workflow.
 * @param values by input id, as `readParams` gives them, seeds resolved
 * @throws Error that says what the workflow's author has to mend
 */
export function assembleStatic(
  manifest: Manifest,
  workflow: JsonObject,
  values: JsonObject,
  nodeInfo: NodeInfoLookup,
): JsonObject {
  const prompt = fill(cloneJson(workflow), values) as JsonObject;
  convertInputs(prompt, nodeInfo);
  for (const input of manifest.inputs) {
    const value = values[input.id] ?? null;
    if (input.type === "loras") placeStack(input, value, prompt, nodeInfo);
    else if (input.type === "lora") placePair(input, value, prompt, nodeInfo);
    else if (value !== null) placeValue(input, value, prompt, nodeInfo);
  }
  return prompt;
}

function placeValue(
  input: ManifestInput,
  value: JsonValue,
  prompt: JsonObject,
  nodeInfo: NodeInfoLookup,
): void {
  const parts = PARTS[input.type];
  if (parts === undefined || !isJsonObject(value)) {
    for (const target of targetsOf(input)) write(input, target, input.id, value, prompt, nodeInfo);
    return;
  }
  for (const part of parts) {
    const target = input.targets?.[part] ?? wholeTarget(input);
    if (target !== undefined)
      write(
        input,
        { node_id: target.node_id, field: fieldOf(input, part) },
        part,
        value[part] ?? null,
        prompt,
        nodeInfo,
      );
  }
}

/** Where one part of a value goes: as said for it, else by its own name. */
function fieldOf(input: ManifestInput, part: string): string {
  return input.targets?.[part]?.field ?? part;
}

function wholeTarget({ node_id, field }: ManifestInput): Target | undefined {
  if (node_id === undefined) return undefined;
  return field === undefined ? { node_id } : { node_id, field };
}

/** `node_id` and `field`, and every entry of `targets`: one value may go to several places. */
function targetsOf(input: ManifestInput): Target[] {
  const whole = wholeTarget(input);
  return [...(whole === undefined ? [] : [whole]), ...Object.values(input.targets ?? {})];
}

function write(
  input: ManifestInput,
  target: Target,
  field: string,
  value: JsonValue,
  prompt: JsonObject,
  nodeInfo: NodeInfoLookup,
): void {
  const id = String(target.node_id);
  const node = nodeOf(prompt, id);
  if (node === undefined) {
    throw new Error(`input '${input.id}' goes to node ${id}, which the workflow file does not have`);
  }
  writeInput(node, target.field ?? field, value, nodeInfo);
}

function placeStack(
  input: ManifestInput,
  value: JsonValue,
  prompt: JsonObject,
  nodeInfo: NodeInfoLookup,
): void {
  const loras = (Array.isArray(value) ? value : []).filter(isJsonObject);
  for (const { node_id } of targetsOf(input)) placeLoras(prompt, String(node_id), loras, nodeInfo);
}

/** A pair: `targets.high` and `targets.low` name a loader each; one that got none is linked past. */
function placePair(
  input: ManifestInput,
  value: JsonValue,
  prompt: JsonObject,
  nodeInfo: NodeInfoLookup,
): void {
  const pair: JsonObject = isJsonObject(value) ? value : {};
  const loaders = { high: input.targets?.["high"] ?? wholeTarget(input), low: input.targets?.["low"] };
  for (const [part, target] of Object.entries(loaders)) {
    if (target === undefined) continue;
    const name = pair[part] ?? null;
    const strength = pair[part === "low" ? "strength_low" : "strength"] ?? 1;
    placeLoras(prompt, String(target.node_id), name === null ? [] : [{ name, strength }], nodeInfo);
  }
}
