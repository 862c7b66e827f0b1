/** Reduction of colours: a median-cut palette, mapped plainly, with error diffusion, or with an ordered pattern. */
import { floats, type Image, tensor } from "../sdk/index.ts";
import { fromLevel, toLevels } from "./levels.ts";
import { medianCut } from "./median-cut.ts";

export const DITHERS = ["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"] as const;
export type Dither = (typeof DITHERS)[number];

/** Maps every picture of `[b,h,w,3+]` to a palette of its own of at most `colors` colours; the result has 3 channels. */
export function quantizeImage(image: Image, colors: number, dither: Dither): Image {
  const [batch = 1, height = 1, width = 1, channels = 3] = image.shape;
  const levels = toLevels(image.data);
  const size = width * height;
  const data = floats(batch * size * 3);
  for (let b = 0; b < batch; b += 1) {
    const pixels = new Uint8Array(size * 3);
    for (let i = 0; i < size; i += 1) {
      for (let c = 0; c < 3; c += 1)
        pixels[i * 3 + c] = levels[(b * size + i) * channels + Math.min(c, channels - 1)]!;
    }
    const palette = medianCut(pixels, colors);
    const nearest = paletteLookup(palette);
    const indexes =
      dither === "floyd-steinberg"
        ? diffused(pixels, width, height, palette, nearest)
        : plain(
            dither === "none" ? pixels : patterned(pixels, width, colors, Number(dither.slice(6))),
            nearest,
          );
    for (let i = 0; i < size; i += 1) {
      for (let c = 0; c < 3; c += 1) data[(b * size + i) * 3 + c] = fromLevel(palette[indexes[i]! * 3 + c]!);
    }
  }
  return tensor([batch, height, width, 3], data);
}

type Lookup = (red: number, green: number, blue: number) => number;

/**
 * The nearest palette entry by squared distance, the first of equals. As in Pillow, colours are looked up in cells of
 * 4 levels per channel and measured from the cell's low corner.
 */
function paletteLookup(palette: Uint8Array): Lookup {
  const cells = new Int16Array(64 * 64 * 64).fill(-1);
  return (red, green, blue) => {
    const cell = (red >> 2) + (green >> 2) * 64 + (blue >> 2) * 4096;
    const known = cells[cell]!;
    if (known >= 0) return known;
    let best = 0;
    let least = Infinity;
    for (let i = 0; i * 3 < palette.length; i += 1) {
      const r = (red & ~3) - palette[i * 3]!;
      const g = (green & ~3) - palette[i * 3 + 1]!;
      const b = (blue & ~3) - palette[i * 3 + 2]!;
      const distance = r * r + g * g + b * b;
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    cells[cell] = best;
    return best;
  };
}

function plain(pixels: Uint8Array, nearest: Lookup): Uint8Array {
  const indexes = new Uint8Array(pixels.length / 3);
  for (let i = 0; i < indexes.length; i += 1) {
    indexes[i] = nearest(pixels[i * 3]!, pixels[i * 3 + 1]!, pixels[i * 3 + 2]!);
  }
  return indexes;
}

/** Adds the Bayer matrix of `order` × `order`, spread over the distance of `colors` levels. */
function patterned(pixels: Uint8Array, width: number, colors: number, order: number): Uint8Array {
  const matrix = bayerMatrix(Math.log2(order));
  const spread = (2 * 256) / colors;
  const out = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 1) {
    const pixel = Math.floor(i / 3);
    const x = pixel % width;
    const y = (pixel - x) / width;
    const offset = Math.fround(spread * matrix[y % order]![x % order]! + 0.5);
    out[i] = Math.trunc(Math.min(Math.max(Math.fround(pixels[i]! + offset), 0), 255));
  }
  return out;
}

/** Values around 0: each level refines the one before at a quarter of its step. */
function bayerMatrix(level: number): number[][] {
  if (level === 0) return [[0]];
  const scale = 4 ** level;
  const inner = bayerMatrix(level - 1);
  const block = (add: number): number[][] =>
    inner.map((line) => line.map((value) => (scale * value + add) / scale));
  const [a, b, c, d] = [block(-1.5), block(0.5), block(1.5), block(-0.5)];
  return [...a.map((line, y) => [...line, ...b[y]!]), ...c.map((line, y) => [...line, ...d[y]!])];
}

/** Floyd and Steinberg (1976) with Pillow's integer arithmetic: errors in sixteenths, divided toward zero. */
function diffused(
  pixels: Uint8Array,
  width: number,
  height: number,
  palette: Uint8Array,
  nearest: Lookup,
): Uint8Array {
  const indexes = new Uint8Array(width * height);
  const errors = new Int32Array((width + 1) * 3);
  const value = [0, 0, 0];
  for (let y = 0; y < height; y += 1) {
    // Per channel: the error carried right, and those of the two pixels below that are not complete yet.
    const carried = [0, 0, 0];
    const below = [0, 0, 0];
    const belowRight = [0, 0, 0];
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      for (let c = 0; c < 3; c += 1) {
        const sum = pixels[at * 3 + c]! + Math.trunc((carried[c]! + errors[(x + 1) * 3 + c]!) / 16);
        value[c] = Math.min(Math.max(sum, 0), 255);
      }
      const index = nearest(value[0]!, value[1]!, value[2]!);
      indexes[at] = index;
      for (let c = 0; c < 3; c += 1) {
        const error = value[c]! - palette[index * 3 + c]!;
        errors[x * 3 + c] = 3 * error + below[c]!;
        below[c] = 5 * error + belowRight[c]!;
        belowRight[c] = error;
        carried[c] = 7 * error;
      }
    }
    // Pillow keeps the three values of blue here, for all channels: pixels of the last column depend on it.
    errors.set([below[2]!, belowRight[2]!, belowRight[2]!], width * 3);
  }
  return indexes;
}
