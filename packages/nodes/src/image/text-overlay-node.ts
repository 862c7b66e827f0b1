/** `TextOverlay`: a text over pictures, drawn with a font of the machine. */
import sharp from "sharp";
import { imageShape } from "../files/pixels.ts";
import {
  boolean,
  choice,
  defineNode,
  float,
  floats,
  type Image,
  image,
  input,
  NodeError,
  string,
  tensor,
} from "../sdk/index.ts";

/** Share of the picture's height that stays free around the text. */
const MARGIN = 0.03;
/** Width of the outline, as a share of the letters' height. */
const OUTLINE = 0.06;
/** Libvips draws at this many dots per inch: a point is a pixel. */
const DPI = 72;

export const textOverlay = defineNode({
  name: "TextOverlay",
  api: "schema",
  displayName: "Draw Text Overlay",
  category: "text",
  pythonModule: "comfy_extras.nodes_text_overlay",
  inputs: {
    images: image(),
    text: string({ default: "", multiline: true }),
    font_size: float({
      tooltip: "Height of the letters in percent of the picture's height.",
      default: 5,
      min: 0.5,
      max: 50,
      step: 0.5,
    }),
    color: input<string>("COLOR", {
      tooltip: "Colour of the letters.",
      default: "#ffffff",
      socketless: true,
    }),
    position: choice(["top", "bottom"], { default: "top" }),
    align: choice(["left", "center", "right"], { default: "left" }),
    outline: boolean({ tooltip: "Whether the letters have a dark edge.", default: true }),
  },
  outputs: [{ type: "IMAGE", name: "images" }],
  searchAliases: ["text", "label", "caption", "subtitle", "watermark", "title", "addlabel", "overlay"],
  execute: async ({ images, text, font_size, color, position, align, outline }) => {
    if (text.trim() === "") return [images];
    const { batch, height, width } = imageShape(images);
    const size = Math.max(1, Math.round((height * font_size) / 100));
    const letters = await drawn(text, size, width, align === "center" ? "centre" : align);
    const margin = Math.round(Math.min(height, width) * MARGIN);
    const left =
      align === "left"
        ? margin
        : align === "right"
          ? width - letters.width - margin
          : (width - letters.width) / 2;
    const top = position === "top" ? margin : height - letters.height - margin;
    const place = { left: Math.round(left), top: Math.round(top) };
    const data = floats(images.data.length);
    data.set(images.data);
    const result: Image = tensor(images.shape, data);
    const edge = outline ? grown(letters, Math.max(1, Math.round(size * OUTLINE))) : undefined;
    for (let index = 0; index < batch; index++) {
      if (edge !== undefined) {
        const around = { left: place.left - edge.radius, top: place.top - edge.radius };
        paint(result, index, edge, around, [0, 0, 0]);
      }
      paint(result, index, letters, place, levelsOf(color));
    }
    return [result];
  },
});

/** Coverage from 0 to 1, line by line. */
interface Shape {
  readonly width: number;
  readonly height: number;
  readonly cover: Float32Array;
}

/** The letters, wrapped to the picture's width. @param size pixels */
async function drawn(
  text: string,
  size: number,
  width: number,
  align: "left" | "centre" | "right",
): Promise<Shape> {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const room = Math.max(1, Math.round(width * (1 - 2 * MARGIN)));
  try {
    const { data, info } = await sharp({
      text: { text: escaped, font: `sans bold ${size}`, width: room, align, dpi: DPI, wrap: "word-char" },
    })
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, cover: Float32Array.from(data, (level) => level / 255) };
  } catch (error) {
    throw new NodeError(`The text cannot be drawn: ${(error as Error).message}`, "RuntimeError");
  }
}

/** The shape with an edge of `radius` pixels around it. */
function grown({ width, height, cover }: Shape, radius: number): Shape & { radius: number } {
  const [w, h] = [width + 2 * radius, height + 2 * radius];
  const across = new Float32Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = cover[y * width + x] as number;
      if (level === 0) continue;
      for (let dx = 0; dx <= 2 * radius; dx++) {
        const at = y * w + x + dx;
        if ((across[at] as number) < level) across[at] = level;
      }
    }
  }
  const all = new Float32Array(w * h);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      const level = across[y * w + x] as number;
      if (level === 0) continue;
      for (let dy = 0; dy <= 2 * radius; dy++) {
        const at = (y + dy) * w + x;
        if ((all[at] as number) < level) all[at] = level;
      }
    }
  }
  return { width: w, height: h, cover: all, radius };
}

/** Lays a colour over one picture where the shape covers it; what lies outside is cut. */
function paint(
  { shape, data }: Image,
  index: number,
  { width, height, cover }: Shape,
  { left, top }: { left: number; top: number },
  colour: readonly number[],
): void {
  const [, rows = 0, columns = 0, channels = 3] = shape;
  for (let y = Math.max(0, -top); y < Math.min(height, rows - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(width, columns - left); x++) {
      const level = cover[y * width + x] as number;
      if (level === 0) continue;
      const at = ((index * rows + top + y) * columns + left + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const before = data[at + channel] as number;
        data[at + channel] = before + level * ((colour[channel] ?? 1) - before);
      }
    }
  }
}

/** @throws NodeError when the colour is not `#rrggbb` */
function levelsOf(colour: string): number[] {
  const match = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour.trim());
  if (match === null) throw new NodeError(`not a colour: ${colour}`, "ValueError");
  return match.slice(1).map((text) => Number.parseInt(text, 16) / 255);
}
