/** Nodes that resize pictures. */
import { type Crop, RESAMPLING, resizeImage } from "../kernels/resample.ts";
import { pasteInto } from "../kernels/regions.ts";
import { choice, combo, defineNode, float, floats, type Image, image, int, tensor } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";

const CROPS: readonly Crop[] = ["disabled", "center"];

/** Height and width of a picture. */
export function sizeOfImage({ shape: [, height = 0, width = 0] }: Image): { width: number; height: number } {
  return { width, height };
}

/** A side of 0 follows from the other one; both 0 keep the size. */
export function completedSize(
  given: Image,
  width: number,
  height: number,
): { width: number; height: number } {
  const { width: w, height: h } = sizeOfImage(given);
  if (width === 0 && height === 0) return { width: w, height: h };
  if (width === 0) return { width: Math.max(1, roundHalfEven((w * height) / h)), height };
  if (height === 0) return { width, height: Math.max(1, roundHalfEven((h * width) / w)) };
  return { width, height };
}

export const imageScale = defineNode({
  name: "ImageScale",
  api: "v1",
  displayName: "Upscale Image",
  category: "image/upscaling",
  inputs: {
    image: image(),
    upscale_method: combo(RESAMPLING),
    width: int({ default: 512, min: 0, max: 16384, step: 1 }),
    height: int({ default: 512, min: 0, max: 16384, step: 1 }),
    crop: combo(CROPS),
  },
  outputs: ["IMAGE"],
  searchAliases: ["resize", "resize image", "scale image", "image resize", "zoom", "zoom in", "change size"],
  essentialsCategory: "Image Tools",
  execute: ({ image, upscale_method, width, height, crop }) => {
    if (width === 0 && height === 0) return [image];
    const size = completedSize(image, width, height);
    return [resizeImage(image, size.width, size.height, upscale_method, crop)];
  },
});

export const imageScaleBy = defineNode({
  name: "ImageScaleBy",
  api: "v1",
  displayName: "Upscale Image By",
  category: "image/upscaling",
  inputs: {
    image: image(),
    upscale_method: combo(RESAMPLING),
    scale_by: float({ default: 1, min: 0.01, max: 8, step: 0.01 }),
  },
  outputs: ["IMAGE"],
  essentialsCategory: "Image Tools",
  execute: ({ image, upscale_method, scale_by }) => {
    const { width, height } = sizeOfImage(image);
    return [
      resizeImage(image, roundHalfEven(width * scale_by), roundHalfEven(height * scale_by), upscale_method),
    ];
  },
});

export const imageScaleToTotalPixels = defineNode({
  name: "ImageScaleToTotalPixels",
  api: "schema",
  displayName: "Scale Image to Total Pixels",
  category: "image/upscaling",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    image: image(),
    upscale_method: choice(RESAMPLING),
    megapixels: float({ default: 1, min: 0.01, max: 16, step: 0.01 }),
    resolution_steps: int({ advanced: true, default: 1, min: 1, max: 256 }),
  },
  outputs: ["IMAGE"],
  execute: ({ image, upscale_method, megapixels, resolution_steps: steps }) => {
    const { width, height } = sizeOfImage(image);
    const scale = Math.sqrt((megapixels * 1024 * 1024) / (width * height));
    const side = (length: number): number => roundHalfEven((length * scale) / steps) * steps;
    return [resizeImage(image, side(width), side(height), upscale_method)];
  },
});

export const imageScaleToMaxDimension = defineNode({
  name: "ImageScaleToMaxDimension",
  api: "schema",
  displayName: "Scale Image to Max Dimension",
  category: "image/upscaling",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    upscale_method: choice(["area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"]),
    largest_size: int({ default: 512, min: 0, max: 16384, step: 1 }),
  },
  outputs: ["IMAGE"],
  execute: ({ image, upscale_method, largest_size: largest }) => {
    const { width: w, height: h } = sizeOfImage(image);
    const width = w >= h ? largest : roundHalfEven((w / h) * largest);
    const height = h >= w ? largest : roundHalfEven((h / w) * largest);
    return [resizeImage(image, width, height, upscale_method)];
  },
});

export const resizeAndPadImage = defineNode({
  name: "ResizeAndPadImage",
  api: "schema",
  displayName: "Resize And Pad Image",
  category: "image/transform",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    target_width: int({ default: 512, min: 1, max: 16384, step: 1 }),
    target_height: int({ default: 512, min: 1, max: 16384, step: 1 }),
    padding_color: choice(["white", "black"], { advanced: true }),
    interpolation: choice(["area", "bicubic", "nearest-exact", "bilinear", "lanczos"], { advanced: true }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["fit to size"],
  execute: ({ image, target_width, target_height, padding_color, interpolation }) => {
    const { width: w, height: h } = sizeOfImage(image);
    const [batch = 1, , , channels = 3] = image.shape;
    const scale = Math.min(target_width / w, target_height / h);
    const width = Math.trunc(w * scale);
    const height = Math.trunc(h * scale);
    const resized = resizeImage(image, width, height, interpolation);
    const canvas = floats(batch * target_height * target_width * channels);
    if (padding_color === "white") canvas.fill(1);
    const padded = tensor([batch, target_height, target_width, channels], canvas);
    pasteInto(
      padded,
      resized,
      Math.floor((target_width - width) / 2),
      Math.floor((target_height - height) / 2),
    );
    return [padded];
  },
});

const DEPRECATED_RESIZE = {
  api: "schema",
  category: "image/transform",
  pythonModule: "comfy_extras.nodes_dataset",
  outputs: [{ type: "IMAGE", name: "images", tooltip: "The resized pictures." }],
  deprecated: true,
  experimental: true,
} as const;

export const resizeImagesByLongerEdge = defineNode({
  ...DEPRECATED_RESIZE,
  name: "ResizeImagesByLongerEdge",
  displayName: "Resize Images by Longer Edge (DEPRECATED)",
  inputs: {
    images: image({ tooltip: "Pictures to resize." }),
    longer_edge: int({ tooltip: "Length of the longer side in pixels.", default: 1024, min: 1, max: 8192 }),
  },
  execute: ({ images, longer_edge }) => {
    const { width: w, height: h } = sizeOfImage(images);
    const size =
      w > h
        ? { width: longer_edge, height: Math.trunc(h * (longer_edge / w)) }
        : { width: Math.trunc(w * (longer_edge / h)), height: longer_edge };
    return [resizeImage(images, size.width, size.height, "lanczos")];
  },
});

export const resizeImagesByShorterEdge = defineNode({
  ...DEPRECATED_RESIZE,
  name: "ResizeImagesByShorterEdge",
  displayName: "Resize Images by Shorter Edge (DEPRECATED)",
  inputs: {
    images: image({ tooltip: "Pictures to resize." }),
    shorter_edge: int({ tooltip: "Length of the shorter side in pixels.", default: 512, min: 1, max: 8192 }),
  },
  execute: ({ images, shorter_edge }) => {
    const { width: w, height: h } = sizeOfImage(images);
    const size =
      w < h
        ? { width: shorter_edge, height: Math.trunc(h * (shorter_edge / w)) }
        : { width: Math.trunc(w * (shorter_edge / h)), height: shorter_edge };
    return [resizeImage(images, size.width, size.height, "lanczos")];
  },
});

/** The sizes that Flux Kontext was trained on, about one megapixel each. */
const KONTEXT_SIZES: readonly (readonly [width: number, height: number])[] = [
  [672, 1568],
  [688, 1504],
  [720, 1456],
  [752, 1392],
  [800, 1328],
  [832, 1248],
  [880, 1184],
  [944, 1104],
  [1024, 1024],
  [1104, 944],
  [1184, 880],
  [1248, 832],
  [1328, 800],
  [1392, 752],
  [1456, 720],
  [1504, 688],
  [1568, 672],
];

export const fluxKontextImageScale = defineNode({
  name: "FluxKontextImageScale",
  api: "schema",
  category: "model/conditioning/flux",
  description: "Resizes a picture to the nearest size that Flux Kontext was trained on.",
  pythonModule: "comfy_extras.nodes_flux",
  inputs: { image: image() },
  outputs: ["IMAGE"],
  execute: ({ image }) => {
    const { width, height } = sizeOfImage(image);
    const aspect = width / height;
    let best = KONTEXT_SIZES[0]!;
    for (const size of KONTEXT_SIZES) {
      if (Math.abs(aspect - size[0] / size[1]) < Math.abs(aspect - best[0] / best[1])) best = size;
    }
    return [resizeImage(image, best[0], best[1], "lanczos", "center")];
  },
});
