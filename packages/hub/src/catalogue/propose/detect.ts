/** Which inputs of a node are worth a place in a form, and as what. */
import { linkOf } from "@hearth/graph";
import {
  entriesOf,
  type InputDeclaration,
  isJsonObject,
  isNumeric,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
} from "@hearth/protocol";
import type { ManifestInput } from "../manifest/schema.ts";

/** An input that was found; it has no id of its own yet. */
export interface Found {
  /** the id that it wishes for */
  readonly wish: string;
  /** what comes first in the form: texts, pictures, models, sizes, strengths, seeds */
  readonly rank: number;
  readonly input: Omit<ManifestInput, "id">;
}

const RANK = { text: 0, image: 1, model: 2, size: 3, number: 4, seed: 5 } as const;

/** Numbers that steer how strongly or how long something works. */
const FLOATS =
  /^(cfg|denoise|guidance|strength|strength_\w+|\w+_strength|weight|opacity|factor|blend_factor|scale_by)$/;
const INTS = /^(steps|batch_size|length|num_frames|frames|fps|frame_rate)$/;
const SEEDS = new Set(["seed", "noise_seed"]);
const UPLOADS = [
  ["image_upload", "image"],
  ["animated_image_upload", "image"],
  ["video_upload", "video"],
  ["audio_upload", "audio"],
] as const;

/** What is found in one node. */
export function describeInput(
  prompt: JsonObject,
  nodeId: string,
  node: JsonObject,
  announced: NodeClassAnnouncement,
): Found[] {
  const inputs = isJsonObject(node["inputs"]) ? node["inputs"] : {};
  const title = titleOf(node, announced);
  const at = (field: string): { node_id: string; field: string } => ({ node_id: nodeId, field });
  const stack = loraStack(nodeId, inputs, title);
  if (stack !== undefined) return [stack];
  const found: Found[] = [];
  const size = sizeOf(nodeId, inputs, announced, title);
  if (size !== undefined) found.push(size);
  for (const [field, value] of entriesOf(inputs)) {
    const declaration = declarationOf(announced, field);
    if (declaration === undefined || linkOf(value) !== undefined) continue;
    if (size !== undefined && (field === "width" || field === "height")) continue;
    const one = oneInput(field, value, declaration, announced);
    if (one === undefined) continue;
    const role = one.rank === RANK.text ? roleOf(prompt, nodeId) : undefined;
    found.push({
      wish: role ?? one.wish,
      rank: one.rank + (role === "negative" ? 0.5 : 0),
      input: { name: one.rank === RANK.text ? title : `${title}: ${field}`, ...one.input, ...at(field) },
    });
  }
  return found;
}

function oneInput(
  field: string,
  value: JsonValue,
  declaration: InputDeclaration,
  announced: NodeClassAnnouncement,
): { wish: string; rank: number; input: Omit<ManifestInput, "id"> } | undefined {
  const [type] = declaration;
  const options = isJsonObject(declaration[1]) ? declaration[1] : {};
  if (type === "STRING" && typeof value === "string") {
    const isText = options["multiline"] === true;
    if (!isText) return undefined;
    return { wish: "text", rank: RANK.text, input: { type: "text", default: value, multiline: true } };
  }
  const isCombo = Array.isArray(type) || type === "COMBO";
  if (isCombo && typeof value === "string") return fileInput(field, value, options, announced);
  if (!isNumeric(value)) return undefined;
  if (type === "INT" && (SEEDS.has(field) || options["control_after_generate"] === true)) {
    return { wish: "seed", rank: RANK.seed, input: { type: "seed", default: value } };
  }
  const range = rangeOf(options);
  if (type === "INT" && INTS.test(field)) {
    return { wish: field, rank: RANK.size, input: { type: "int", default: value, ...range } };
  }
  if (type === "FLOAT" && FLOATS.test(field)) {
    return { wish: field, rank: RANK.number, input: { type: "float", default: value, ...range } };
  }
  return undefined;
}

/** Pictures, videos, sounds, and model files. */
function fileInput(
  field: string,
  value: string,
  options: JsonObject,
  { lists = [] }: NodeClassAnnouncement,
): { wish: string; rank: number; input: Omit<ManifestInput, "id"> } | undefined {
  for (const [upload, accept] of UPLOADS) {
    if (options[upload] !== true) continue;
    const media = accept === "image" ? {} : { accept };
    // The file lies on somebody else's disk: nobody here can want it as a default.
    return { wish: accept, rank: RANK.image, input: { type: "image", required: true, ...media } };
  }
  const list = lists.find(({ path }) => path[0] === "input" && path[2] === field);
  if (list === undefined || list.folder === "input" || list.folder.startsWith("input/")) return undefined;
  if (list.folder === "checkpoints") {
    return { wish: "checkpoint", rank: RANK.model, input: { type: "checkpoint", default: value } };
  }
  if (list.folder === "vae") return { wish: "vae", rank: RANK.model, input: { type: "vae", default: value } };
  const input = { type: "select", folder: list.folder, default: value } as const;
  return { wish: field, rank: RANK.model, input };
}

/** A loader of a LoRA becomes a list: none, this one, or more. */
function loraStack(nodeId: string, inputs: JsonObject, name: string): Found | undefined {
  const { lora_name: lora, strength_model: strength, model } = inputs;
  if (typeof lora !== "string" || linkOf(model) === undefined || !isNumeric(strength)) return undefined;
  return {
    wish: "loras",
    rank: RANK.model,
    input: { name, type: "loras", default: [{ name: lora, strength }], node_id: nodeId },
  };
}

/** `width` and `height` of one node are a resolution. */
function sizeOf(
  nodeId: string,
  inputs: JsonObject,
  announced: NodeClassAnnouncement,
  title: string,
): Found | undefined {
  const { width, height } = inputs;
  if (!isNumeric(width) || !isNumeric(height)) return undefined;
  const declaration = declarationOf(announced, "width");
  if (declaration?.[0] !== "INT") return undefined;
  const options = isJsonObject(declaration[1]) ? declaration[1] : {};
  return {
    wish: "size",
    rank: RANK.size,
    input: {
      name: `${title}: size`,
      type: "resolution",
      default: { width, height },
      ...rangeOf(options),
      node_id: nodeId,
    },
  };
}

/** `positive` or `negative`, when the text ends up there, over nodes that only pass it on. */
function roleOf(prompt: JsonObject, nodeId: string): string | undefined {
  const seen = new Set<string>();
  const ahead = [nodeId];
  for (let id = ahead.shift(); id !== undefined; id = ahead.shift()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const [user, node] of entriesOf(prompt)) {
      const inputs = isJsonObject(node) ? node["inputs"] : undefined;
      if (!isJsonObject(inputs)) continue;
      for (const [field, value] of entriesOf(inputs)) {
        if (linkOf(value)?.[0] !== id) continue;
        if (field === "positive") return "prompt";
        if (field === "negative") return "negative";
        ahead.push(user);
      }
    }
  }
  return undefined;
}

function rangeOf(options: JsonObject): { min?: number; max?: number; step?: number } {
  const range: { min?: number; max?: number; step?: number } = {};
  for (const name of ["min", "max", "step"] as const) {
    const value = options[name];
    if (isNumeric(value) && (name !== "step" || Number(value) > 0)) range[name] = Number(value);
  }
  return range;
}

function declarationOf({ info }: NodeClassAnnouncement, field: string): InputDeclaration | undefined {
  for (const group of [info.input.required, info.input.optional]) {
    if (group !== undefined && Object.hasOwn(group, field)) return group[field];
  }
  return undefined;
}

function titleOf(node: JsonObject, { info }: NodeClassAnnouncement): string {
  const meta = node["_meta"];
  const title = isJsonObject(meta) ? meta["title"] : undefined;
  return typeof title === "string" && title !== "" ? title : (info.display_name ?? info.name);
}
