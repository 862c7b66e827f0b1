/** Mask nodes. Masks are `[b,h,w]`, 1 = selected. */
import { savePreviews } from "../files/previews.ts";
import { batched } from "../kernels/composite.ts";
import { growMask } from "../kernels/grow-mask.ts";
import { MASK_OPERATIONS, combineMasks } from "../kernels/mask-composite.ts";
import { cropImage, mapValues } from "../kernels/regions.ts";
import {
  boolean,
  choice,
  defineNode,
  float,
  floats,
  image,
  int,
  mask,
  type Mask,
  NodeError,
  tensor,
  type Tensor,
} from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";

const MASK = { api: "schema", category: "image/mask", pythonModule: "comfy_extras.nodes_mask" } as const;
const PLACE = { default: 0, min: 0, max: 16384, step: 1 };
const SIDE = { default: 512, min: 1, max: 16384, step: 1 };

/** Each value on three equal channels. */
function greyImage(mask: Mask): Tensor {
  const [batch = 1, height = 1, width = 1] = batched(mask).shape;
  const data = floats(mask.data.length * 3);
  for (let i = 0; i < mask.data.length; i += 1) {
    const value = mask.data[i]!;
    data[i * 3] = value;
    data[i * 3 + 1] = value;
    data[i * 3 + 2] = value;
  }
  return tensor([batch, height, width, 3], data);
}

export const maskToImage = defineNode({
  ...MASK,
  name: "MaskToImage",
  displayName: "Convert Mask to Image",
  inputs: { mask: mask() },
  outputs: ["IMAGE"],
  searchAliases: ["convert mask"],
  execute: ({ mask }) => [greyImage(mask)],
});

export const imageToMask = defineNode({
  ...MASK,
  name: "ImageToMask",
  displayName: "Convert Image to Mask",
  inputs: { image: image(), channel: choice(["red", "green", "blue", "alpha"]) },
  outputs: ["MASK"],
  searchAliases: ["extract channel", "channel to mask"],
  execute: ({ image, channel }) => {
    const [batch = 1, height = 1, width = 1, channels = 1] = image.shape;
    const index = ["red", "green", "blue", "alpha"].indexOf(channel);
    if (index >= channels) {
      throw new NodeError(
        `index ${index} is out of bounds for dimension 3 with size ${channels}`,
        "IndexError",
      );
    }
    const data = floats(batch * height * width);
    for (let i = 0; i < data.length; i += 1) data[i] = image.data[i * channels + index]!;
    return [tensor([batch, height, width], data)];
  },
});

export const imageColorToMask = defineNode({
  ...MASK,
  name: "ImageColorToMask",
  displayName: "Convert Image Color to Mask",
  inputs: { image: image(), color: int({ default: 0, min: 0, max: 16777215, step: 1, display: "number" }) },
  outputs: ["MASK"],
  searchAliases: ["color keying", "chroma key"],
  execute: ({ image, color }) => {
    const [batch = 1, height = 1, width = 1, channels = 3] = image.shape;
    const data = floats(batch * height * width);
    const level = (value: number): number =>
      roundHalfEven(Math.fround(Math.min(Math.max(value, 0), 1) * 255));
    for (let i = 0; i < data.length; i += 1) {
      const at = i * channels;
      const found =
        (level(image.data[at]!) << 16) + (level(image.data[at + 1]!) << 8) + level(image.data[at + 2]!);
      data[i] = found === color ? 1 : 0;
    }
    return [tensor([batch, height, width], data)];
  },
});

export const solidMask = defineNode({
  ...MASK,
  name: "SolidMask",
  displayName: "Create Solid Mask",
  inputs: { value: float({ default: 1, min: 0, max: 1, step: 0.01 }), width: int(SIDE), height: int(SIDE) },
  outputs: ["MASK"],
  execute: ({ value, width, height }) => [tensor([1, height, width], floats(height * width).fill(value))],
});

export const invertMask = defineNode({
  ...MASK,
  name: "InvertMask",
  displayName: "Invert Mask",
  inputs: { mask: mask() },
  outputs: ["MASK"],
  searchAliases: ["reverse mask", "flip mask"],
  execute: ({ mask }) => [mapValues(mask, (value) => 1 - value)],
});

export const cropMask = defineNode({
  ...MASK,
  name: "CropMask",
  displayName: "Crop Mask",
  inputs: { mask: mask(), x: int(PLACE), y: int(PLACE), width: int(SIDE), height: int(SIDE) },
  outputs: ["MASK"],
  searchAliases: ["cut mask", "extract mask region", "mask slice"],
  execute: ({ mask, x, y, width, height }) => {
    const full = batched(mask);
    const [batch = 1, h = 1, w = 1] = full.shape;
    const [left, top] = [Math.min(x, w), Math.min(y, h)];
    const picture = tensor([batch, h, w, 1], full.data);
    const cropped = cropImage(picture, left, top, Math.min(width, w - left), Math.min(height, h - top));
    return [tensor(cropped.shape.slice(0, 3), cropped.data)];
  },
});

export const maskComposite = defineNode({
  ...MASK,
  name: "MaskComposite",
  displayName: "Combine Masks",
  inputs: {
    destination: mask(),
    source: mask(),
    x: int(PLACE),
    y: int(PLACE),
    operation: choice(MASK_OPERATIONS),
  },
  outputs: ["MASK"],
  searchAliases: ["combine masks", "blend masks", "layer masks", "masks composition"],
  execute: ({ destination, source, x, y, operation }) => [
    combineMasks(batched(destination), batched(source), x, y, operation),
  ],
});

export const featherMask = defineNode({
  ...MASK,
  name: "FeatherMask",
  displayName: "Feather Mask",
  inputs: { mask: mask(), left: int(PLACE), top: int(PLACE), right: int(PLACE), bottom: int(PLACE) },
  outputs: ["MASK"],
  searchAliases: ["soft edge mask", "blur mask edges", "gradient mask edge"],
  execute: ({ mask, left, top, right, bottom }) => {
    const full = mapValues(batched(mask), (value) => value);
    const [batch = 1, height = 1, width = 1] = full.shape;
    const f = Math.fround;
    // One rounding per factor, in this order, as torch multiplies column by column and row by row.
    const columns = ramps(width, left, right);
    const rows = ramps(height, top, bottom);
    for (let i = 0; i < batch * height * width; i += 1) {
      const x = i % width;
      const y = Math.floor(i / width) % height;
      let value = full.data[i]!;
      for (const factor of [...columns[x]!, ...rows[y]!]) value = f(value * factor);
      full.data[i] = value;
    }
    return [full];
  },
});

/** The factors of each position: rising from the start, falling to the end. */
function ramps(length: number, start: number, end: number): number[][] {
  const [rising, falling] = [Math.min(start, length), Math.min(end, length)];
  return Array.from({ length }, (_, i) => [
    ...(i < rising ? [Math.fround((i + 1) / rising)] : []),
    ...(length - 1 - i < falling ? [Math.fround((length - i) / falling)] : []),
  ]);
}

export const growMaskNode = defineNode({
  ...MASK,
  name: "GrowMask",
  displayName: "Grow Mask",
  inputs: {
    mask: mask(),
    expand: int({ default: 0, min: -16384, max: 16384, step: 1 }),
    tapered_corners: boolean({ advanced: true, default: true }),
  },
  outputs: ["MASK"],
  searchAliases: ["expand mask", "shrink mask"],
  execute: ({ mask, expand, tapered_corners }) => [growMask(batched(mask), expand, tapered_corners)],
});

export const thresholdMask = defineNode({
  ...MASK,
  name: "ThresholdMask",
  displayName: "Threshold Mask",
  inputs: { mask: mask(), value: float({ default: 0.5, min: 0, max: 1, step: 0.01 }) },
  outputs: ["MASK"],
  searchAliases: ["binary mask"],
  execute: ({ mask, value: threshold }) => [
    mapValues(mask, (value) => (value > Math.fround(threshold) ? 1 : 0)),
  ],
});

export const maskPreview = defineNode({
  ...MASK,
  name: "MaskPreview",
  displayName: "Preview Mask",
  description: "Shows a mask.",
  inputs: { mask: mask() },
  outputs: [{ type: "MASK", name: "mask" }],
  outputNode: true,
  searchAliases: ["show mask", "view mask", "inspect mask", "debug mask"],
  execute: async ({ mask }, context) => {
    return {
      outputs: [mask],
      ui: { images: await savePreviews(greyImage(mask), context), animated: [false] },
    };
  },
});
