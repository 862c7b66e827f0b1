/** `ImageStitch`: two pictures side by side. */
import { withChannels } from "../kernels/composite.ts";
import { joinBatches, pasteInto, sliceBatch } from "../kernels/regions.ts";
import { resizeImage } from "../kernels/resample.ts";
import {
  boolean,
  choice,
  defineNode,
  floats,
  type Image,
  image,
  int,
  optional,
  tensor,
} from "../sdk/index.ts";

const COLOURS = {
  white: [1, 1, 1],
  black: [0, 0, 0],
  red: [1, 0, 0],
  green: [0, 1, 0],
  blue: [0, 0, 1],
} as const;
type Colour = keyof typeof COLOURS;

export const imageStitch = defineNode({
  name: "ImageStitch",
  api: "schema",
  displayName: "Stitch Images",
  category: "image/transform",
  description: "Puts a second picture beside the first one.",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image1: image(),
    direction: choice(["right", "down", "left", "up"], { default: "right" }),
    match_image_size: boolean({ default: true }),
    spacing_width: int({ advanced: true, default: 0, min: 0, max: 1024, step: 2 }),
    spacing_color: choice(["white", "black", "red", "green", "blue"], { advanced: true, default: "white" }),
    image2: optional(image()),
  },
  outputs: ["IMAGE"],
  searchAliases: ["combine images", "join images", "concatenate images", "side by side"],
  execute: ({ image1, direction, match_image_size, spacing_width, spacing_color, image2 }) => {
    if (image2 === undefined) return [image1];
    const across = direction === "left" || direction === "right";
    const batch = Math.max(image1.shape[0] ?? 1, image2.shape[0] ?? 1);
    const first = withLastRepeated(image1, batch);
    const second = matched(withLastRepeated(image2, batch), first, across, match_image_size);
    const channels = Math.max(first.shape[3] ?? 3, second.shape[3] ?? 3);
    const pictures = [first, second].map((one) => withChannels(one, channels));
    if (direction === "left" || direction === "up") pictures.reverse();
    return [stitched(pictures, across, spacing_width + (spacing_width % 2), spacing_color)];
  },
});

function withLastRepeated(given: Image, batch: number): Image {
  const own = given.shape[0] ?? 1;
  if (own >= batch) return given;
  const last = sliceBatch(given, own - 1, own);
  return joinBatches([given, ...Array.from({ length: batch - own }, () => last)]);
}

function matched(second: Image, first: Image, across: boolean, match: boolean): Image {
  if (!match) return second;
  const [, h1 = 1, w1 = 1] = first.shape;
  const [, h2 = 1, w2 = 1] = second.shape;
  const width = across ? Math.trunc((h1 * w2) / h2) : w1;
  const height = across ? h1 : Math.trunc((w1 * h2) / w2);
  return resizeImage(second, width, height, "lanczos");
}

/** Pictures are centred on the longer side; what they leave is white or black with those spacings, else black. */
function stitched(pictures: readonly Image[], across: boolean, spacing: number, colour: Colour): Image {
  const [batch = 1, , , channels = 3] = pictures[0]!.shape;
  const lengths = pictures.map(({ shape }) => (across ? shape[2] : shape[1]) ?? 0);
  const breadth = Math.max(...pictures.map(({ shape }) => (across ? shape[1] : shape[2]) ?? 0));
  const length = lengths.reduce((sum, one) => sum + one, 0) + spacing;
  const [height, width] = across ? [breadth, length] : [length, breadth];
  const canvas = tensor([batch, height, width, channels], floats(batch * height * width * channels));
  canvas.data.fill(colour === "white" ? 1 : 0);
  if (spacing > 0) {
    const band = tensor(
      across ? [batch, height, spacing, channels] : [batch, spacing, width, channels],
      floats(batch * breadth * spacing * channels),
    );
    for (let i = 0; i < band.data.length; i += 1) band.data[i] = COLOURS[colour][i % channels] ?? 1;
    pasteInto(canvas, band, across ? lengths[0]! : 0, across ? 0 : lengths[0]!);
  }
  let at = 0;
  for (const [index, picture] of pictures.entries()) {
    const [, h = 0, w = 0] = picture.shape;
    const shift = Math.floor((breadth - (across ? h : w)) / 2);
    pasteInto(canvas, picture, across ? at : shift, across ? shift : at);
    at += lengths[index]! + spacing;
  }
  return canvas;
}
