/** Where and when a conditioning counts. */
import { combo, defineNode, float, input, int, JsonFloat, mask, tensor } from "../sdk/index.ts";
import { conditioning, withOptions } from "./conditioning.ts";

export const conditioningSetArea = defineNode({
  name: "ConditioningSetArea",
  api: "v1",
  displayName: "Conditioning (Set Area)",
  category: "model/conditioning/transform",
  description: "Limits a conditioning to a rectangle in pixels.",
  inputs: {
    conditioning: conditioning(),
    width: int({ default: 64, min: 64, max: 16384, step: 8 }),
    height: int({ default: 64, min: 64, max: 16384, step: 8 }),
    x: int({ default: 0, min: 0, max: 16384, step: 8 }),
    y: int({ default: 0, min: 0, max: 16384, step: 8 }),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  searchAliases: ["regional prompt", "area prompt", "spatial conditioning", "localized prompt"],
  execute: ({ conditioning: given, width, height, x, y, strength }) => {
    const area = [height, width, y, x].map((pixels) => Math.floor(pixels / 8));
    return [withOptions(given, { area, strength, set_area_to_bounds: false })];
  },
});

export const conditioningSetAreaPercentage = defineNode({
  name: "ConditioningSetAreaPercentage",
  api: "v1",
  displayName: "Conditioning (Set Area with Percentage)",
  category: "model/conditioning/transform",
  description: "Limits a conditioning to a part of the picture.",
  inputs: {
    conditioning: conditioning(),
    width: input<number>("FLOAT", { default: new JsonFloat(1), min: 0, max: new JsonFloat(1), step: 0.01 }),
    height: input<number>("FLOAT", { default: new JsonFloat(1), min: 0, max: new JsonFloat(1), step: 0.01 }),
    x: input<number>("FLOAT", { default: 0, min: 0, max: new JsonFloat(1), step: 0.01 }),
    y: input<number>("FLOAT", { default: 0, min: 0, max: new JsonFloat(1), step: 0.01 }),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, width, height, x, y, strength }) => [
    withOptions(given, { area: ["percentage", height, width, y, x], strength, set_area_to_bounds: false }),
  ],
});

export const conditioningSetAreaPercentageVideo = defineNode({
  name: "ConditioningSetAreaPercentageVideo",
  api: "v1",
  displayName: "Conditioning (Set Area with Percentage for Video)",
  category: "model/conditioning/transform",
  description: "Limits a conditioning to a part of the clip.",
  pythonModule: "comfy_extras.nodes_video_model",
  inputs: {
    conditioning: conditioning(),
    width: input<number>("FLOAT", { default: new JsonFloat(1), min: 0, max: new JsonFloat(1), step: 0.01 }),
    height: input<number>("FLOAT", { default: new JsonFloat(1), min: 0, max: new JsonFloat(1), step: 0.01 }),
    temporal: input<number>("FLOAT", {
      default: new JsonFloat(1),
      min: 0,
      max: new JsonFloat(1),
      step: 0.01,
    }),
    x: input<number>("FLOAT", { default: 0, min: 0, max: new JsonFloat(1), step: 0.01 }),
    y: input<number>("FLOAT", { default: 0, min: 0, max: new JsonFloat(1), step: 0.01 }),
    z: input<number>("FLOAT", { default: 0, min: 0, max: new JsonFloat(1), step: 0.01 }),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
  },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, width, height, temporal, x, y, z, strength }) => [
    withOptions(given, {
      area: ["percentage", temporal, height, width, z, y, x],
      strength,
      set_area_to_bounds: false,
    }),
  ],
});

export const conditioningSetAreaStrength = defineNode({
  name: "ConditioningSetAreaStrength",
  api: "v1",
  displayName: "Conditioning (Set Area Strength)",
  category: "model/conditioning/transform",
  description: "Weight of a conditioning.",
  inputs: { conditioning: conditioning(), strength: float({ default: 1, min: 0, max: 10, step: 0.01 }) },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, strength }) => [withOptions(given, { strength })],
});

export const conditioningSetMask = defineNode({
  name: "ConditioningSetMask",
  api: "v1",
  displayName: "Conditioning (Set Mask)",
  category: "model/conditioning/transform",
  description: "Limits a conditioning to a mask.",
  inputs: {
    conditioning: conditioning(),
    mask: mask(),
    strength: float({ default: 1, min: 0, max: 10, step: 0.01 }),
    set_cond_area: combo(["default", "mask bounds"]),
  },
  outputs: ["CONDITIONING"],
  searchAliases: ["masked prompt", "regional inpaint conditioning", "mask conditioning"],
  execute: ({ conditioning: given, mask, strength, set_cond_area }) => {
    const batch = mask.shape.length < 3 ? tensor([1, ...mask.shape], mask.data) : mask;
    return [
      withOptions(given, {
        mask: batch,
        set_area_to_bounds: set_cond_area !== "default",
        mask_strength: strength,
      }),
    ];
  },
});

export const conditioningSetTimestepRange = defineNode({
  name: "ConditioningSetTimestepRange",
  api: "v1",
  category: "model/conditioning/transform",
  description: "Limits a conditioning to a part of the sampling.",
  inputs: {
    conditioning: conditioning(),
    start: float({ default: 0, min: 0, max: 1, step: 0.001 }),
    end: float({ default: 1, min: 0, max: 1, step: 0.001 }),
  },
  outputs: ["CONDITIONING"],
  execute: ({ conditioning: given, start, end }) => [
    withOptions(given, { start_percent: start, end_percent: end }),
  ],
});
