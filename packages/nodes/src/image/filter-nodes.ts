/** Nodes that filter pictures: blur, sharpen, noise, quantisation, edges, morphology. */
import { cannyEdges } from "../kernels/canny.ts";
import { blurImage, sharpenImage } from "../kernels/convolve.ts";
import { type MorphologyOperation, morphology } from "../kernels/morphology.ts";
import { DITHERS, quantizeImage } from "../kernels/quantize.ts";
import { Mt19937 } from "../kernels/random.ts";
import { mapValues } from "../kernels/regions.ts";
import { bigInt, choice, defineNode, float, image, int } from "../sdk/index.ts";

export const imageBlur = defineNode({
  name: "ImageBlur",
  api: "schema",
  displayName: "Blur Image",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    image: image(),
    blur_radius: int({ default: 1, min: 1, max: 31, step: 1 }),
    sigma: float({ default: 1, min: 0.1, max: 10, step: 0.1 }),
  },
  outputs: ["IMAGE"],
  execute: ({ image, blur_radius, sigma }) => [
    blur_radius === 0 ? image : blurImage(image, blur_radius, sigma),
  ],
});

export const imageSharpen = defineNode({
  name: "ImageSharpen",
  api: "schema",
  displayName: "Sharpen Image",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    image: image(),
    sharpen_radius: int({ advanced: true, default: 1, min: 1, max: 31, step: 1 }),
    sigma: float({ advanced: true, default: 1, min: 0.1, max: 10, step: 0.01 }),
    alpha: float({ advanced: true, default: 1, min: 0, max: 5, step: 0.01 }),
  },
  outputs: ["IMAGE"],
  execute: ({ image, sharpen_radius, sigma, alpha }) => [
    sharpen_radius === 0 ? image : sharpenImage(image, sharpen_radius, sigma, alpha),
  ],
});

export const imageAddNoise = defineNode({
  name: "ImageAddNoise",
  api: "schema",
  displayName: "Add Noise to Image",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    seed: bigInt({
      tooltip: "Seed of the noise.",
      default: 0,
      min: 0,
      max: 18446744073709551615n,
      control_after_generate: true,
    }),
    strength: float({ default: 0.5, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["film grain"],
  execute: ({ image, seed, strength }) => {
    const noise = new Mt19937(seed).normals(image.data.length);
    const share = Math.fround(strength);
    return [mapValues(image, (value, i) => Math.min(Math.max(value + Math.fround(share * noise[i]!), 0), 1))];
  },
});

export const imageQuantize = defineNode({
  name: "ImageQuantize",
  api: "schema",
  displayName: "Quantize Image",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    image: image(),
    colors: int({ default: 256, min: 1, max: 256, step: 1 }),
    dither: choice(DITHERS),
  },
  outputs: ["IMAGE"],
  execute: ({ image, colors, dither }) => [quantizeImage(image, colors, dither)],
});

export const canny = defineNode({
  name: "Canny",
  api: "schema",
  displayName: "Detect Edges (Canny)",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_canny",
  inputs: {
    image: image(),
    low_threshold: float({ default: 0.4, min: 0.01, max: 0.99, step: 0.01 }),
    high_threshold: float({ default: 0.8, min: 0.01, max: 0.99, step: 0.01 }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["edge detection", "outline", "contour detection", "line art"],
  essentialsCategory: "Image Tools",
  execute: ({ image, low_threshold, high_threshold }) => [cannyEdges(image, low_threshold, high_threshold)],
});

export const morphologyNode = defineNode({
  name: "Morphology",
  api: "schema",
  displayName: "Apply Morphology",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_morphology",
  inputs: {
    image: image(),
    operation: choice([
      "erode",
      "dilate",
      "open",
      "close",
      "gradient",
      "bottom_hat",
      "top_hat",
    ] satisfies MorphologyOperation[]),
    kernel_size: int({ default: 3, min: 3, max: 999, step: 1 }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["erode", "dilate"],
  execute: ({ image, operation, kernel_size }) => [morphology(image, operation, kernel_size)],
});
