/** Nodes that make pictures, measure them, or change their colours value by value. */
import { toLevels } from "../kernels/levels.ts";
import { mapValues } from "../kernels/regions.ts";
import { defineNode, float, floats, image, type Image, int, tensor } from "../sdk/index.ts";

const f = Math.fround;
const clamp = (value: number): number => (value <= 0 ? 0 : value >= 1 ? 1 : value);

export const emptyImage = defineNode({
  name: "EmptyImage",
  api: "v1",
  displayName: "Empty Image",
  category: "image",
  inputs: {
    width: int({ default: 512, min: 1, max: 16384, step: 1 }),
    height: int({ default: 512, min: 1, max: 16384, step: 1 }),
    batch_size: int({ default: 1, min: 1, max: 4096 }),
    color: int({ default: 0, min: 0, max: 16777215, step: 1, display: "color" }),
  },
  outputs: ["IMAGE"],
  execute: ({ width, height, batch_size, color }) => {
    const data = floats(batch_size * height * width * 3);
    const channels = [16, 8, 0].map((shift) => ((color >> shift) & 255) / 255);
    for (let i = 0; i < data.length; i += 3) {
      data[i] = channels[0]!;
      data[i + 1] = channels[1]!;
      data[i + 2] = channels[2]!;
    }
    return [tensor([batch_size, height, width, 3], data)];
  },
});

export const getImageSize = defineNode({
  name: "GetImageSize",
  api: "schema",
  displayName: "Get Image Size",
  category: "image",
  description: "Width, height and batch size of a picture.",
  pythonModule: "comfy_extras.nodes_images",
  inputs: { image: image() },
  hidden: { unique_id: "UNIQUE_ID" },
  outputs: [
    { type: "INT", name: "width" },
    { type: "INT", name: "height" },
    { type: "INT", name: "batch_size" },
  ],
  searchAliases: ["dimensions", "resolution", "image info"],
  execute: ({ image }, context) => {
    const [batch = 0, height = 0, width = 0] = image.shape;
    context.sendText(`width: ${width}, height: ${height}\n batch size: ${batch}`);
    return [width, height, batch];
  },
});

export const imageInvert = defineNode({
  name: "ImageInvert",
  api: "v1",
  displayName: "Invert Image Colors",
  category: "image/color",
  inputs: { image: image() },
  outputs: ["IMAGE"],
  searchAliases: ["reverse colors"],
  essentialsCategory: "Image Tools",
  execute: ({ image }) => [mapValues(image, (value) => 1 - value)],
});

const IMAGE_SET = {
  api: "schema",
  pythonModule: "comfy_extras.nodes_dataset",
  experimental: true,
} as const;
const CHANGED = [{ type: "IMAGE", name: "images", tooltip: "The changed pictures." }];
const factor = (tooltip: string) => float({ tooltip, default: 1, min: 0, max: 2 });

export const adjustBrightness = defineNode({
  ...IMAGE_SET,
  name: "AdjustBrightness",
  displayName: "Adjust Brightness",
  category: "image/adjustments",
  inputs: {
    images: image({ tooltip: "Pictures to change." }),
    factor: factor("1 keeps the brightness, less darkens."),
  },
  outputs: CHANGED,
  searchAliases: ["brightness"],
  execute: ({ images, factor }) => [mapValues(images, (value) => clamp(value * f(factor)))],
});

export const adjustContrast = defineNode({
  ...IMAGE_SET,
  name: "AdjustContrast",
  displayName: "Adjust Contrast",
  category: "image/adjustments",
  inputs: {
    images: image({ tooltip: "Pictures to change." }),
    factor: factor("1 keeps the contrast, less flattens."),
  },
  outputs: CHANGED,
  searchAliases: ["contrast"],
  execute: ({ images, factor }) => [mapValues(images, (value) => clamp(f(f(value - 0.5) * f(factor)) + 0.5))],
});

export const normalizeImages = defineNode({
  ...IMAGE_SET,
  name: "NormalizeImages",
  displayName: "Normalize Image Colors",
  category: "image/color",
  inputs: {
    images: image({ tooltip: "Pictures to normalise." }),
    mean: float({ tooltip: "Value that becomes 0.", advanced: true, default: 0.5, min: 0, max: 1 }),
    std: float({
      tooltip: "Distance from the mean that becomes 1.",
      advanced: true,
      default: 0.5,
      min: 0.001,
      max: 1,
    }),
  },
  outputs: CHANGED,
  searchAliases: ["normalize", "normalize colors"],
  execute: ({ images, mean, std }) => [mapValues(images, (value) => f(value - f(mean)) / f(std))],
});

export const imageRgbToYuv = defineNode({
  name: "ImageRGBToYUV",
  api: "schema",
  displayName: "Image RGB to YUV",
  category: "image/color",
  pythonModule: "comfy_extras.nodes_morphology",
  inputs: { image: image() },
  outputs: [
    { type: "IMAGE", name: "Y" },
    { type: "IMAGE", name: "U" },
    { type: "IMAGE", name: "V" },
  ],
  searchAliases: ["color space conversion"],
  execute: ({ image }) => {
    const [batch = 1, height = 1, width = 1, channels = 3] = image.shape;
    const planes = [0, 1, 2].map(() => tensor([batch, height, width, 3]));
    for (let i = 0; i < batch * height * width; i += 1) {
      const [r, g, b] = [0, 1, 2].map((c) => image.data[i * channels + c]!) as [number, number, number];
      const y = 0.299 * r + 0.587 * g + 0.114 * b;
      for (const [plane, value] of [y, (b - y) * 0.564 + 0.5, (r - y) * 0.713 + 0.5].entries()) {
        planes[plane]!.data.fill(value, i * 3, i * 3 + 3);
      }
    }
    return planes;
  },
});

export const imageYuvToRgb = defineNode({
  name: "ImageYUVToRGB",
  api: "schema",
  displayName: "Image YUV to RGB",
  category: "image/color",
  pythonModule: "comfy_extras.nodes_morphology",
  inputs: { Y: image(), U: image(), V: image() },
  outputs: ["IMAGE"],
  searchAliases: ["color space conversion"],
  execute: ({ Y, U, V }) => {
    const [batch = 1, height = 1, width = 1] = Y.shape;
    const out = tensor([batch, height, width, 3]);
    for (let i = 0; i < batch * height * width; i += 1) {
      const y = pixelMean(Y, i);
      const u = pixelMean(U, i) - 0.5;
      const v = pixelMean(V, i) - 0.5;
      out.data[i * 3] = clamp(y + 1.403 * v);
      out.data[i * 3 + 1] = clamp(y - 0.714 * v - 0.344 * u);
      out.data[i * 3 + 2] = clamp(y + 1.773 * u);
    }
    return [out];
  },
});

function pixelMean({ data, shape }: Image, pixel: number): number {
  const channels = shape[3] ?? 1;
  let sum = 0;
  for (let c = 0; c < channels; c += 1) sum += data[pixel * channels + c]!;
  return sum / channels;
}

export const imageHistogram = defineNode({
  name: "ImageHistogram",
  api: "schema",
  displayName: "Image Histogram",
  category: "utilities",
  pythonModule: "comfy_extras.nodes_curve",
  inputs: { image: image() },
  outputs: ["rgb", "luminance", "red", "green", "blue"].map((name) => ({ type: "HISTOGRAM", name })),
  execute: ({ image }) => {
    const [, height = 1, width = 1, channels = 3] = image.shape;
    const levels = toLevels(image.data.subarray(0, height * width * channels));
    const [luminance, red, green, blue] = [0, 1, 2, 3].map(() => Array.from({ length: 256 }, () => 0)) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const count = (histogram: number[], level: number): void => {
      histogram[level] = (histogram[level] ?? 0) + 1;
    };
    for (let i = 0; i < levels.length; i += channels) {
      const [r, g, b] = [levels[i]!, levels[i + 1]!, levels[i + 2]!];
      // Rec. 709 luma of the levels.
      count(luminance, Math.min(255, Math.trunc(0.2126 * r + 0.7152 * g + 0.0722 * b)));
      count(red, r);
      count(green, g);
      count(blue, b);
    }
    // The mean of the three counts, not the count of the means: what the recorded histogram holds.
    const rgb = red.map((n, level) => Math.floor((n + green[level]! + blue[level]!) / 3));
    return [rgb, luminance, red, green, blue];
  },
});
