/** Nodes that save and show pictures. Section 9 of the behaviour reference. */
import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import type { NodeContext } from "@hearth/engine";
import { encodeApng } from "../files/apng.ts";
import { addWebpExif, exifBlock } from "../files/exif.ts";
import { savedMetadata } from "../files/metadata.ts";
import { imageShape, toBytes, toRaster } from "../files/pixels.ts";
import { saveInstancePreviews, savePreviews } from "../files/previews.ts";
import { saveImageBatch, type SavedFile } from "../files/save-images.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import { defineNode } from "../sdk/define-node.ts";
import { boolean, choice, float, image, input, int, optional, string } from "../sdk/inputs.ts";
import type { Image } from "../sdk/tensor.ts";

const hidden = { prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO" };
const images = { type: "IMAGE", name: "images" };

export const saveImageNode = defineNode({
  name: "SaveImage",
  api: "v1",
  displayName: "Save Image",
  category: "image",
  description: "Saves the pictures to the output folder.",
  essentialsCategory: "Basics",
  searchAliases: ["save", "save image", "export image", "output image", "write image", "download"],
  inputs: {
    images: image({ tooltip: "The pictures to save." }),
    filename_prefix: string({
      default: "ComfyUI",
      tooltip:
        "The start of the file's name. It may hold %width%, %height%, %year% and the like, and folders.",
    }),
  },
  hidden,
  outputs: [images],
  outputNode: true,
  execute: async (given, context) => {
    const saved = await saveImageBatch(given.images, given.filename_prefix, {
      root: context.folders.output,
      type: "output",
      level: 4,
      context,
    });
    return { outputs: [given.images], ui: { images: saved } };
  },
});

export const previewImageNode = defineNode({
  name: "PreviewImage",
  api: "v1",
  displayName: "Preview Image",
  category: "image",
  description: "Shows the pictures without keeping them.",
  essentialsCategory: "Basics",
  searchAliases: ["preview", "preview image", "show image", "view image", "display image", "image viewer"],
  inputs: { images: image() },
  hidden,
  outputs: [images],
  outputNode: true,
  execute: async (given, context) => ({
    outputs: [given.images],
    ui: { images: await saveInstancePreviews(given.images, context) },
  }),
});

/** One animated file, as the animated savers show it. */
async function saveAnimation(
  prefix: string,
  extension: string,
  frames: Image,
  context: NodeContext,
  file: Buffer,
): Promise<Record<string, readonly unknown[]>> {
  const { batch, width, height } = imageShape(frames);
  const target = await saveTarget(prefix, context.folders.output, { width, height });
  const filename = await saveNumbered(
    target,
    (name, counter) => `${name}_${counter}_.${extension}`,
    (temporary) => writeFile(temporary, file),
  );
  const entry: SavedFile = { filename, subfolder: target.subfolder, type: "output" };
  return { images: [entry], ...(batch > 1 ? { animated: [true] } : {}) };
}

const animationInputs = {
  images: image(),
  filename_prefix: string({ default: "ComfyUI", multiline: false }),
  fps: float({ default: 6, min: 0.01, max: 1000, step: 0.01 }),
};

export const saveAnimatedPngNode = defineNode({
  name: "SaveAnimatedPNG",
  api: "schema",
  displayName: "Save Animated PNG",
  category: "image",
  pythonModule: "comfy_extras.nodes_images",
  inputs: { ...animationInputs, compress_level: int({ advanced: true, default: 4, min: 0, max: 9 }) },
  outputs: [images],
  outputNode: true,
  execute: async (given, context) => {
    const { batch } = imageShape(given.images);
    const frames = Array.from({ length: batch }, (_, index) => toRaster(given.images, index));
    const file = await encodeApng(frames, {
      level: given.compress_level,
      duration: Math.trunc(1000 / given.fps),
      metadata: savedMetadata(context),
    });
    return {
      outputs: [given.images],
      ui: await saveAnimation(given.filename_prefix, "png", given.images, context, file),
    };
  },
});

const EFFORT = { default: 4, fastest: 0, slowest: 6 } as const;

export const saveAnimatedWebpNode = defineNode({
  name: "SaveAnimatedWEBP",
  api: "schema",
  displayName: "Save Animated WEBP",
  category: "image",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    ...animationInputs,
    lossless: boolean({ default: true }),
    quality: int({ default: 80, min: 0, max: 100 }),
    method: choice(["default", "fastest", "slowest"]),
  },
  outputs: [images],
  outputNode: true,
  execute: async (given, context) => {
    const { batch, width, height, channels } = imageShape(given.images);
    const raw = { width, height: height * batch, channels: channels as 3 | 4, pageHeight: height };
    const encoded = await sharp(toBytes(given.images.data), { raw })
      .webp({
        lossless: given.lossless,
        // sharp has no quality 0; libwebp's 1 is the nearest.
        quality: Math.max(1, given.quality),
        effort: EFFORT[given.method],
        delay: Array<number>(batch).fill(Math.trunc(1000 / given.fps)),
        loop: 0,
      })
      .toBuffer();
    const texts = savedMetadata(context).map(([key, json]) => `${key}:${json}`);
    const file =
      texts.length === 0
        ? encoded
        : addWebpExif(encoded, exifBlock(texts), { width, height, alpha: channels === 4 });
    return {
      outputs: [given.images],
      ui: await saveAnimation(given.filename_prefix, "webp", given.images, context, file),
    };
  },
});

export const imageCompareNode = defineNode({
  name: "ImageCompare",
  api: "schema",
  displayName: "Compare Images",
  category: "image",
  description: "Shows two pictures one over the other.",
  pythonModule: "comfy_extras.nodes_image_compare",
  essentialsCategory: "Image Tools",
  experimental: true,
  inputs: {
    compare_view: input("IMAGECOMPARE", { socketless: true }),
    image_a: optional(image()),
    image_b: optional(image()),
  },
  outputs: [],
  outputNode: true,
  execute: async ({ image_a, image_b }, context) => {
    const show = async (given: Image | undefined, prefix: string): Promise<readonly SavedFile[]> =>
      given === undefined || given.shape[0] === 0 ? [] : savePreviews(given, context, prefix);
    return {
      ui: {
        a_images: await show(image_a, "comfy.compare.a"),
        b_images: await show(image_b, "comfy.compare.b"),
      },
    };
  },
});
