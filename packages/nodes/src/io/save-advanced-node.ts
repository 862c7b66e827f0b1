/** `SaveImageAdvanced`: PNG of 8 or 16 bits, OpenEXR of 32-bit floats. */
import { writeFile } from "node:fs/promises";
import type { NodeContext } from "@hearth/engine";
import { CHROMATICITIES, encodeExr } from "../files/exr.ts";
import { savedMetadata } from "../files/metadata.ts";
import { imageShape, pictureData } from "../files/pixels.ts";
import { pngChunk } from "../files/png-chunks.ts";
import { saveImageBatch, type SavedFile } from "../files/save-images.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import { defineNode } from "../sdk/define-node.ts";
import { dynamicCombo, image, string } from "../sdk/inputs.ts";
import type { Image } from "../sdk/tensor.ts";
import { hlgToLinear, srgbToLinear } from "./transfer.ts";

/** Square pixels of no physical size, which this node's files say. */
const SQUARE_PIXELS = pngChunk("pHYs", Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 0]));

interface FormatChoice extends Record<string, unknown> {
  readonly format: "png" | "exr";
  readonly bit_depth: "8-bit" | "16-bit" | "32-bit float";
  readonly input_color_space: "sRGB" | "HDR" | "linear";
}

function colorSpaceInput(
  options: string[],
  tooltip?: string,
): [string, Record<string, string | boolean | string[]>] {
  return [
    "COMBO",
    {
      ...(tooltip === undefined ? {} : { tooltip }),
      advanced: true,
      default: "sRGB",
      multiselect: false,
      options,
    },
  ];
}

export const saveImageAdvancedNode = defineNode({
  name: "SaveImageAdvanced",
  api: "schema",
  displayName: "Save Image (Advanced)",
  category: "image",
  description: "Saves the pictures to the output folder in a format of choice.",
  pythonModule: "comfy_extras.nodes_images",
  essentialsCategory: "Basics",
  searchAliases: ["save", "save image", "export image", "output image", "write image"],
  inputs: {
    images: image({ tooltip: "The pictures to save." }),
    filename_prefix: string({
      tooltip: "The start of the file's name.",
      default: "ComfyUI",
      multiline: false,
    }),
    format: dynamicCombo<FormatChoice>(
      [
        {
          key: "png",
          inputs: {
            required: {
              bit_depth: [
                "COMBO",
                { advanced: true, default: "8-bit", multiselect: false, options: ["8-bit", "16-bit"] },
              ],
              input_color_space: colorSpaceInput(["sRGB"]),
            },
          },
        },
        {
          key: "exr",
          inputs: {
            required: {
              bit_depth: [
                "COMBO",
                { advanced: true, default: "32-bit float", multiselect: false, options: ["32-bit float"] },
              ],
              input_color_space: colorSpaceInput(
                ["sRGB", "HDR", "linear"],
                "How the given colours are encoded; the file holds linear light.",
              ),
            },
          },
        },
      ],
      { tooltip: "The format of the files." },
    ),
  },
  outputs: [{ type: "IMAGE", name: "images" }],
  outputNode: true,
  execute: async ({ images, filename_prefix, format }, context) => {
    const saved =
      format.format === "exr"
        ? await saveExrBatch(images, filename_prefix, format.input_color_space, context)
        : await saveImageBatch(images, filename_prefix, {
            root: context.folders.output,
            type: "output",
            level: 4,
            context,
            depth: format.bit_depth === "16-bit" ? 16 : 8,
            chunks: [SQUARE_PIXELS],
            fileName: (name, counter) => `${name}_${counter}.png`,
          });
    return { outputs: [images], ui: { images: saved } };
  },
});

async function saveExrBatch(
  images: Image,
  prefix: string,
  space: FormatChoice["input_color_space"],
  context: NodeContext,
): Promise<SavedFile[]> {
  const { batch, width, height, channels } = imageShape(images);
  const target = await saveTarget(prefix, context.folders.output, { width, height });
  const saved: SavedFile[] = [];
  for (let index = 0; index < batch; index++) {
    context.throwIfInterrupted();
    const file = encodeExr(
      { width, height, channels, values: linearLight(pictureData(images, index), channels, space) },
      { chromaticities: CHROMATICITIES[space === "HDR" ? "bt2020" : "bt709"], texts: savedMetadata(context) },
    );
    const filename = await saveNumbered(
      target,
      (name, counter) => `${name.replaceAll("%batch_num%", String(index))}_${counter}.exr`,
      (temporary) => writeFile(temporary, file),
    );
    saved.push({ filename, subfolder: target.subfolder, type: "output" });
  }
  return saved;
}

/** Colours as linear light; alpha stays. */
function linearLight(
  values: Float32Array,
  channels: number,
  space: FormatChoice["input_color_space"],
): Float32Array {
  if (space === "linear") return values;
  const convert = space === "HDR" ? hlgToLinear : srgbToLinear;
  return values.map((value, index) => (index % channels < 3 ? convert(value) : value));
}
