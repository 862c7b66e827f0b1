/** Classes that took another's place (section 3.17). */
import { isJsonObject, type JsonObject, type JsonValue, keysOf } from "@hearth/protocol";
import type { ClassLookup } from "./validate-node.ts";

interface InputMove {
  readonly new_id: string;
  readonly old_id?: string;
  readonly set_value?: JsonValue;
}

export interface NodeReplacement {
  readonly new_node_id: string;
  readonly old_node_id: string;
  readonly old_widget_ids: readonly string[] | null;
  readonly input_mapping: readonly InputMove[] | null;
  readonly output_mapping: readonly { new_idx: number; old_idx: number }[] | null;
}

const FIRST_OUTPUT = [{ new_idx: 0, old_idx: 0 }];

function renamed(old_node_id: string, new_node_id: string): NodeReplacement {
  return { new_node_id, old_node_id, old_widget_ids: null, input_mapping: null, output_mapping: null };
}

/** The built-in table. */
export const REPLACEMENTS: readonly NodeReplacement[] = [
  {
    new_node_id: "ImageScaleToMaxDimension",
    old_node_id: "ResizeImagesByLongerEdge",
    old_widget_ids: ["longer_edge"],
    input_mapping: [
      { new_id: "image", old_id: "images" },
      { new_id: "largest_size", old_id: "longer_edge" },
      { new_id: "upscale_method", set_value: "lanczos" },
    ],
    output_mapping: FIRST_OUTPUT,
  },
  {
    new_node_id: "BatchImagesNode",
    old_node_id: "ImageBatch",
    old_widget_ids: null,
    input_mapping: [
      { new_id: "images.image0", old_id: "image1" },
      { new_id: "images.image1", old_id: "image2" },
    ],
    output_mapping: null,
  },
  {
    new_node_id: "ResizeImageMaskNode",
    old_node_id: "ImageScaleBy",
    old_widget_ids: ["upscale_method", "scale_by"],
    input_mapping: [
      { new_id: "input", old_id: "image" },
      { new_id: "resize_type", set_value: "scale by multiplier" },
      { new_id: "resize_type.multiplier", old_id: "scale_by" },
      { new_id: "scale_method", old_id: "upscale_method" },
    ],
    output_mapping: null,
  },
  {
    new_node_id: "ControlNetLoader",
    old_node_id: "T2IAdapterLoader",
    old_widget_ids: null,
    input_mapping: [{ new_id: "control_net_name", old_id: "t2i_adapter_name" }],
    output_mapping: null,
  },
  renamed("Load3DAnimation", "Load3D"),
  renamed("Preview3DAnimation", "Preview3D"),
  renamed("SDV_img2vid_Conditioning", "SVD_img2vid_Conditioning"),
  renamed("ConditioningAverage ", "ConditioningAverage"),
];

/** Replaces nodes of unknown classes whose replacement is known, in place, and renumbers links to their outputs. */
export function applyReplacements(prompt: JsonObject, classes: ClassLookup): void {
  for (const id of keysOf(prompt)) {
    const node = prompt[id];
    if (!isJsonObject(node)) continue;
    const type = node["class_type"];
    if (typeof type !== "string" || classes(type) !== undefined) continue;
    const replacement = REPLACEMENTS.find((entry) => entry.old_node_id === type);
    if (replacement === undefined || classes(replacement.new_node_id) === undefined) continue;
    const old = isJsonObject(node["inputs"]) ? node["inputs"] : {};
    node["class_type"] = replacement.new_node_id;
    node["inputs"] = mappedInputs(old, replacement);
    if (replacement.output_mapping !== null) moveOutputs(prompt, id, replacement.output_mapping);
  }
}

/** Only mapped inputs survive; without a mapping none does. */
function mappedInputs(old: JsonObject, { input_mapping }: NodeReplacement): JsonObject {
  const inputs: JsonObject = {};
  for (const move of input_mapping ?? []) {
    const value = move.old_id === undefined ? move.set_value : old[move.old_id];
    if (value !== undefined) inputs[move.new_id] = value;
  }
  return inputs;
}

function moveOutputs(
  prompt: JsonObject,
  id: string,
  mapping: readonly { new_idx: number; old_idx: number }[],
): void {
  for (const node of Object.values(prompt)) {
    const inputs = isJsonObject(node) ? node["inputs"] : undefined;
    if (!isJsonObject(inputs)) continue;
    for (const value of Object.values(inputs)) {
      if (!Array.isArray(value) || value[0] !== id) continue;
      const moved = mapping.find((entry) => entry.old_idx === value[1]);
      if (moved !== undefined) value[1] = moved.new_idx;
    }
  }
}
