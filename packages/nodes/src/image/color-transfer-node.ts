/** `ColorTransfer`: gives a picture the colours of another one. */
import { type ColorMethod, colorTransfer, type SourceStatistics } from "../kernels/color-transfer.ts";
import { choice, defineNode, dynamicCombo, float, image, type JsonObject } from "../sdk/index.ts";

type SourceStats =
  | { readonly source_stats: "per_frame" }
  | { readonly source_stats: "uniform" }
  | { readonly source_stats: "target_frame"; readonly target_index: number };

const SOURCES: { key: string; inputs: JsonObject }[] = [
  { key: "per_frame", inputs: { required: {} } },
  { key: "uniform", inputs: { required: {} } },
  {
    key: "target_frame",
    inputs: {
      required: {
        target_index: ["INT", { tooltip: "Frame whose statistics count.", default: 0, min: 0, max: 10000 }],
      },
    },
  },
];

export const colorTransferNode = defineNode({
  name: "ColorTransfer",
  api: "schema",
  displayName: "Transfer Color",
  category: "image/filters",
  description: "Gives a picture the colours of a reference.",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    image_target: image({ tooltip: "Pictures to change." }),
    image_ref: image({ tooltip: "Pictures whose colours are taken." }),
    method: choice(["reinhard_lab", "mkl_lab", "histogram"] satisfies ColorMethod[]),
    source_stats: dynamicCombo<SourceStats>(SOURCES, {
      tooltip: "Which frames the statistics are taken from.",
    }),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
  },
  outputs: [{ type: "IMAGE", name: "image" }],
  searchAliases: [
    "color match",
    "color grading",
    "color correction",
    "match colors",
    "color transform",
    "mkl",
    "reinhard",
    "histogram",
  ],
  execute: ({ image_target, image_ref, method, source_stats, strength }) => {
    if (strength === 0) return [image_target];
    const statistics: SourceStatistics =
      source_stats.source_stats === "target_frame" ? source_stats.target_index : source_stats.source_stats;
    return [colorTransfer(image_target, image_ref, method, statistics, strength)];
  },
});
