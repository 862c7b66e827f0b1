/** `Painter`: strokes of the editor's canvas over a picture. */
import { NodeError } from "@hearth/engine";
import sharp from "sharp";
import { contentToken, existingPath, validateFile } from "../files/annotated-path.ts";
import { MAX_PIXELS } from "../files/load-image.ts";
import { fromSamples, imageShape } from "../files/pixels.ts";
import { savePreviews } from "../files/previews.ts";
import { defineNode } from "../sdk/define-node.ts";
import { image, input, int, optional, string } from "../sdk/inputs.ts";
import { floats, type Image, type Mask, tensor } from "../sdk/tensor.ts";

const side = { hidden: true, default: 512, socketless: true, min: 64, max: 4096, step: 64 };

export const painterNode = defineNode({
  name: "Painter",
  api: "schema",
  displayName: "Painter",
  category: "image",
  description: "Paints on a picture or on a plain colour; what was painted is the mask.",
  pythonModule: "comfy_extras.nodes_painter",
  hasIntermediateOutput: true,
  inputs: {
    mask: string({
      widgetType: "PAINTER",
      image_upload: true,
      default: "",
      socketless: true,
      multiline: false,
    }),
    width: int(side),
    height: int(side),
    bg_color: input<string>("COLOR", { default: "#000000", socketless: true }),
    image: optional(image({ tooltip: "What is painted on." })),
  },
  outputs: ["IMAGE", "MASK"],
  fingerprint: ({ mask }, { folders }) =>
    mask === "" || validateFile("image", mask, folders) !== true
      ? String(mask ?? "")
      : contentToken(mask, folders),
  execute: async (given, context) => {
    const base =
      given.image === undefined
        ? plain(given.bg_color, given.width, given.height)
        : firstPicture(given.image);
    const { width, height } = imageShape(base);
    const strokes =
      given.mask === ""
        ? undefined
        : await loadStrokes(existingPath(given.mask, context.folders), width, height);
    const painted = strokes === undefined ? base : paintOver(base, strokes);
    const mask: Mask = tensor([1, height, width], strokes === undefined ? undefined : alphaOf(strokes));
    return {
      outputs: [painted, mask],
      ui: { images: await savePreviews(painted, context), animated: [false] },
    };
  },
});

function firstPicture(given: Image): Image {
  const { height, width, channels } = imageShape(given);
  return tensor([1, height, width, channels], given.data.slice(0, height * width * channels));
}

/** A picture of one colour. @throws NodeError when the colour is not `#rrggbb` */
function plain(colour: string, width: number, height: number): Image {
  const match = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (match === null) throw new NodeError(`not a colour: ${colour}`, "ValueError");
  const levels = match.slice(1).map((text) => Number.parseInt(text, 16) / 255);
  const data = floats(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = levels[i % 3] as number;
  return tensor([1, height, width, 3], data);
}

/** RGBA values 0…1 of the strokes at the size of the picture. */
async function loadStrokes(file: string, width: number, height: number): Promise<Float32Array> {
  const strokes = sharp(file, { limitInputPixels: MAX_PIXELS, ignoreIcc: true })
    .toColourspace("srgb")
    .ensureAlpha();
  const { width: w, height: h } = await sharp(file).metadata();
  const fitted =
    w === width && h === height
      ? strokes
      : strokes.resize({ width, height, fit: "fill", kernel: "lanczos3" });
  return fromSamples(await fitted.raw().toBuffer(), 255);
}

/** `base·(1 − a) + colour·a`; an alpha band of the base is covered likewise. */
function paintOver(base: Image, strokes: Float32Array): Image {
  const { channels } = imageShape(base);
  const data = floats(base.data.length);
  for (let pixel = 0, at = 0; at < data.length; pixel++) {
    const alpha = strokes[pixel * 4 + 3] as number;
    for (let c = 0; c < channels; c++, at++) {
      const colour = c < 3 ? (strokes[pixel * 4 + c] as number) : 1;
      data[at] = (base.data[at] as number) * (1 - alpha) + colour * alpha;
    }
  }
  return tensor(base.shape, data);
}

function alphaOf(strokes: Float32Array): Float32Array {
  const alpha = floats(strokes.length / 4);
  for (let pixel = 0; pixel < alpha.length; pixel++) alpha[pixel] = strokes[pixel * 4 + 3] as number;
  return alpha;
}
