/** Nodes that move pixels: crop, pad, flip, rotate. */
import { fromLevel, toLevels } from "../kernels/levels.ts";
import { cropImage, pasteInto } from "../kernels/regions.ts";
import { Mt19937 } from "../kernels/random.ts";
import { savePreviews } from "../files/previews.ts";
import {
  bigInt,
  choice,
  defineNode,
  floats,
  type Image,
  image,
  input,
  int,
  tensor,
  type Tensor,
} from "../sdk/index.ts";

/** The rectangle, moved and cut so that it lies inside and holds a pixel. */
function clippedCrop(given: Image, x: number, y: number, width: number, height: number): Image {
  const [, h = 1, w = 1] = given.shape;
  const left = Math.min(x, w - 1);
  const top = Math.min(y, h - 1);
  return cropImage(given, left, top, Math.min(width, w - left), Math.min(height, h - top));
}

export const imageCrop = defineNode({
  name: "ImageCrop",
  api: "schema",
  displayName: "Crop Image (DEPRECATED)",
  category: "image/transform",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    width: int({ default: 512, min: 1, max: 16384, step: 1 }),
    height: int({ default: 512, min: 1, max: 16384, step: 1 }),
    x: int({ default: 0, min: 0, max: 16384, step: 1 }),
    y: int({ default: 0, min: 0, max: 16384, step: 1 }),
  },
  outputs: ["IMAGE"],
  deprecated: true,
  searchAliases: ["trim"],
  essentialsCategory: "Image Tools",
  execute: ({ image, width, height, x, y }) => [clippedCrop(image, x, y, width, height)],
});

interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const imageCropV2 = defineNode({
  name: "ImageCropV2",
  api: "schema",
  displayName: "Crop Image",
  category: "image/transform",
  description: "Cuts a rectangle out of a picture.",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    crop_region: input<Region>("BOUNDING_BOX", {
      default: { x: 0, y: 0, width: 512, height: 512 },
      socketless: true,
      component: "ImageCrop",
    }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["crop", "cut", "trim"],
  essentialsCategory: "Image Tools",
  hasIntermediateOutput: true,
  execute: async ({ image, crop_region }, context) => {
    const side = (value: unknown, least: number): number => Math.max(Math.trunc(Number(value ?? 0)), least);
    const { x, y, width, height } = crop_region;
    const cropped = clippedCrop(image, side(x, 0), side(y, 0), side(width, 1), side(height, 1));
    return { outputs: [cropped], ui: { images: await savePreviews(cropped, context), animated: [false] } };
  },
});

export const imageFlip = defineNode({
  name: "ImageFlip",
  api: "schema",
  displayName: "Flip Image",
  category: "image/transform",
  pythonModule: "comfy_extras.nodes_images",
  inputs: { image: image(), flip_method: choice(["x-axis: vertically", "y-axis: horizontally"]) },
  outputs: ["IMAGE"],
  searchAliases: ["mirror", "reflect"],
  execute: ({ image, flip_method }) => [
    flip_method.startsWith("x")
      ? moved(image, image.shape, (y, x, h) => [h - 1 - y, x])
      : moved(image, image.shape, (y, x, _h, w) => [y, w - 1 - x]),
  ],
});

export const imageRotate = defineNode({
  name: "ImageRotate",
  api: "schema",
  displayName: "Rotate Image",
  category: "image/transform",
  pythonModule: "comfy_extras.nodes_images",
  inputs: { image: image(), rotation: choice(["none", "90 degrees", "180 degrees", "270 degrees"]) },
  outputs: ["IMAGE"],
  searchAliases: ["turn", "flip orientation"],
  essentialsCategory: "Image Tools",
  execute: ({ image, rotation }) => {
    const [b = 1, h = 1, w = 1, c = 1] = image.shape;
    // Clockwise; a function gives the place in the source of each pixel of the result.
    if (rotation.startsWith("90")) return [moved(image, [b, w, h, c], (y, x) => [h - 1 - x, y])];
    if (rotation.startsWith("180")) return [moved(image, image.shape, (y, x) => [h - 1 - y, w - 1 - x])];
    if (rotation.startsWith("270")) return [moved(image, [b, w, h, c], (y, x) => [x, w - 1 - y])];
    return [image];
  },
});

function moved(
  source: Tensor,
  shape: readonly number[],
  from: (y: number, x: number, height: number, width: number) => readonly [y: number, x: number],
): Tensor {
  const [, sourceHeight = 1, sourceWidth = 1] = source.shape;
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  const data = floats(source.data.length);
  let to = 0;
  for (let b = 0; b < batch; b += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const [sourceY, sourceX] = from(y, x, height, width);
        const at = ((b * sourceHeight + sourceY) * sourceWidth + sourceX) * channels;
        for (let c = 0; c < channels; c += 1) data[to + c] = source.data[at + c]!;
        to += channels;
      }
    }
  }
  return tensor(shape, data);
}

export const imagePadForOutpaint = defineNode({
  name: "ImagePadForOutpaint",
  api: "v1",
  displayName: "Pad Image for Outpainting",
  category: "image/transform",
  inputs: {
    image: image(),
    left: int({ default: 0, min: 0, max: 16384, step: 8 }),
    top: int({ default: 0, min: 0, max: 16384, step: 8 }),
    right: int({ default: 0, min: 0, max: 16384, step: 8 }),
    bottom: int({ default: 0, min: 0, max: 16384, step: 8 }),
    feathering: int({ default: 40, min: 0, max: 16384, step: 1, advanced: true }),
  },
  outputs: ["IMAGE", "MASK"],
  searchAliases: ["extend canvas", "expand image"],
  execute: ({ image, left, top, right, bottom, feathering }) => {
    const [batch = 1, h = 1, w = 1, channels = 3] = image.shape;
    const [height, width] = [h + top + bottom, w + left + right];
    const padded = tensor(
      [batch, height, width, channels],
      floats(batch * height * width * channels).fill(0.5),
    );
    pasteInto(padded, image, left, top);
    const mask = tensor([1, height, width], floats(height * width).fill(1));
    const feathered = feathering > 0 && feathering * 2 < h && feathering * 2 < w;
    for (let y = 0; y < h; y += 1) {
      for (let x = 0; x < w; x += 1) {
        // Only the sides that were extended feather.
        const distance = Math.min(
          top === 0 ? h : y,
          bottom === 0 ? h : h - y,
          left === 0 ? w : x,
          right === 0 ? w : w - x,
        );
        const share = feathered && distance < feathering ? (feathering - distance) / feathering : 0;
        mask.data[(top + y) * width + left + x] = share * share;
      }
    }
    return [padded, mask];
  },
});

const IMAGE_SET = {
  api: "schema",
  category: "image/transform",
  pythonModule: "comfy_extras.nodes_dataset",
  experimental: true,
  searchAliases: ["crop", "cut", "trim"],
} as const;
const CROPPED = [{ type: "IMAGE", name: "images", tooltip: "The cropped pictures." }];
const SIDE = { default: 512, min: 1, max: 8192 };

/** A crop of the 8-bit picture: these nodes work on levels. */
function levelCrop(given: Image, x: number, y: number, width: number, height: number): Image {
  const cropped = cropImage(given, x, y, width, height);
  const levels = toLevels(cropped.data);
  const data = floats(levels.length);
  for (let i = 0; i < levels.length; i += 1) data[i] = fromLevel(levels[i]!);
  return tensor(cropped.shape, data);
}

export const centerCropImages = defineNode({
  ...IMAGE_SET,
  name: "CenterCropImages",
  displayName: "Crop Image (Center)",
  inputs: {
    images: image({ tooltip: "Pictures to crop." }),
    width: int({ tooltip: "Width in pixels.", ...SIDE }),
    height: int({ tooltip: "Height in pixels.", ...SIDE }),
  },
  outputs: CROPPED,
  execute: ({ images, width, height }) => {
    const [, h = 1, w = 1] = images.shape;
    const left = Math.max(0, Math.floor((w - width) / 2));
    const top = Math.max(0, Math.floor((h - height) / 2));
    return [levelCrop(images, left, top, Math.min(width, w - left), Math.min(height, h - top))];
  },
});

export const randomCropImages = defineNode({
  ...IMAGE_SET,
  name: "RandomCropImages",
  displayName: "Crop Image (Random)",
  inputs: {
    images: image({ tooltip: "Pictures to crop." }),
    width: int({ tooltip: "Width in pixels.", ...SIDE }),
    height: int({ tooltip: "Height in pixels.", ...SIDE }),
    seed: bigInt({
      tooltip: "Seed of the place.",
      default: 0,
      min: 0,
      max: 18446744073709551615n,
    }),
  },
  outputs: CROPPED,
  execute: ({ images, width, height, seed }) => {
    const [, h = 1, w = 1] = images.shape;
    const generator = new Mt19937(BigInt(seed) % 4294967295n);
    const left = randomBelow(generator, Math.max(w - width, 0) + 1);
    const top = randomBelow(generator, Math.max(h - height, 0) + 1);
    return [levelCrop(images, left, top, Math.min(width, w - left), Math.min(height, h - top))];
  },
});

/** NumPy's legacy bounded integer: words are masked to the bits of the largest value and drawn until one fits. */
export function randomBelow(generator: Mt19937, count: number): number {
  const largest = count - 1;
  if (largest <= 0) return 0;
  const mask = 2 ** (Math.floor(Math.log2(largest)) + 1) - 1;
  for (;;) {
    const value = (generator.nextUint32() & mask) >>> 0;
    if (value <= largest) return value;
  }
}
