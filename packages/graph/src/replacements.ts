/** Classes that took another's place (section 3.17). */
import { isJsonObject, type JsonObject, type JsonValue, keysOf, objectFrom } from "@hearth/protocol";
import { linkOf } from "./links.ts";
import type { ClassLookup } from "./prompt-state.ts";

interface InputMove {
  readonly new_id: string;
  readonly old_id?: string;
  readonly set_value?: JsonValue;
}

type OutputMoves = readonly { readonly new_idx: number; readonly old_idx: number }[];

/** One entry of the table, in the words of `GET /node_replacements`. */
export interface NodeReplacement {
  readonly new_node_id: string;
  readonly old_node_id: string;
  readonly old_widget_ids: readonly string[] | null;
  readonly input_mapping: readonly InputMove[] | null;
  readonly output_mapping: OutputMoves | null;
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

/** The answer of `GET /node_replacements`: replacements by old class. */
export function nodeReplacementsInfo(): JsonObject {
  return objectFrom(
    REPLACEMENTS.map((entry) => [entry.old_node_id, [{ ...entry } as unknown as JsonObject]]),
  );
}

/**
 * Replaces nodes of unknown classes whose replacement is known, in place, and renumbers links to their outputs. Id and
 * `_meta` stay. A mapped input that the node lacks stays absent, for validation to report.
 */
export function applyReplacements(prompt: JsonObject, classes: ClassLookup): void {
  const moved = new Map<string, OutputMoves>();
  for (const id of keysOf(prompt)) {
    const node = prompt[id];
    if (!isJsonObject(node)) continue;
    const type = node["class_type"];
    if (typeof type !== "string" || classes(type) !== undefined) continue;
    const replacement = REPLACEMENTS.find((entry) => entry.old_node_id === type);
    if (replacement === undefined || classes(replacement.new_node_id) === undefined) continue;
    node["class_type"] = replacement.new_node_id;
    node["inputs"] = mappedInputs(isJsonObject(node["inputs"]) ? node["inputs"] : {}, replacement);
    if (replacement.output_mapping !== null) moved.set(id, replacement.output_mapping);
  }
  if (moved.size > 0) moveOutputs(prompt, moved);
}

/** Only mapped inputs survive; without a mapping none does. */
function mappedInputs(old: JsonObject, { input_mapping }: NodeReplacement): JsonObject {
  const inputs: JsonObject = {};
  for (const move of input_mapping ?? []) {
    const given = move.old_id !== undefined && Object.hasOwn(old, move.old_id) ? old[move.old_id] : undefined;
    const value = move.old_id === undefined ? move.set_value : given;
    if (value !== undefined) inputs[move.new_id] = value;
  }
  return inputs;
}

function moveOutputs(prompt: JsonObject, moved: ReadonlyMap<string, OutputMoves>): void {
  for (const node of Object.values(prompt)) {
    const inputs = isJsonObject(node) ? node["inputs"] : undefined;
    if (!isJsonObject(inputs)) continue;
    for (const value of Object.values(inputs)) {
      const link = linkOf(value);
      const move = link && moved.get(link[0])?.find((entry) => entry.old_idx === link[1]);
      if (move !== undefined) (value as JsonValue[])[1] = move.new_idx;
    }
  }
}
