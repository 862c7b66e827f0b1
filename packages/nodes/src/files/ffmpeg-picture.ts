/**
 * Pictures through FFmpeg's float path. ComfyUI decodes what is not plain 8-bit RGB this way: the values pass through
 * a YUV form and come back up to 0.0003 off, and 8-bit greys are scaled by 256/65535. The recordings pin both.
 */
import { floats } from "../sdk/tensor.ts";
import { findFfmpeg, runFfmpeg } from "./ffmpeg.ts";

export interface PictureFormat {
  readonly format: string | undefined;
  /** bits per sample of the file */
  readonly depth: number;
  /** grey, with or without alpha */
  readonly grey: boolean;
  readonly alpha: boolean;
  readonly frames: number;
}

/** Reads the true depth and colour type of a PNG header, where libvips tells only what it makes of them. */
export function pngFormat(bytes: Uint8Array): { depth: number; grey: boolean } {
  return { depth: bytes[24] as number, grey: bytes[25] === 0 || bytes[25] === 4 };
}

/** True for formats that ComfyUI takes through floats and that this program converts as well. */
export function throughFfmpeg({ format, depth, grey, alpha, frames }: PictureFormat): boolean {
  if (frames !== 1 || findFfmpeg() === undefined) return false;
  if (format === "webp") return true;
  return format === "png" && (grey ? alpha && depth === 8 : depth === 16);
}

/** 8-bit greys without alpha (and those of fewer bits, but for pure black and white) are shifted up by 8 bits. */
export function shiftedGrey({ format, depth, grey, alpha }: PictureFormat): boolean {
  return (format === "png" || format === "jpeg") && grey && !alpha && depth > 1 && depth <= 8;
}

/** What an 8-bit level is multiplied by on its way to 16 bits: white becomes 65280 of 65535. */
export const GREY_SHIFT = 256;

/** Interleaved RGB or RGBA values of a still picture, rows from the top. */
export async function decodeFloats(
  file: string,
  { width, height, alpha, grey }: { width: number; height: number; alpha: boolean; grey: boolean },
): Promise<Float32Array> {
  const raw = await runFfmpeg([
    "-i",
    file,
    ...(grey ? ["-vf", "format=rgba"] : []),
    "-frames:v",
    "1",
    "-f",
    "rawvideo",
    "-pix_fmt",
    alpha ? "gbrapf32le" : "gbrpf32le",
    "pipe:1",
  ]);
  const channels = alpha ? 4 : 3;
  const size = width * height;
  if (raw.length !== size * channels * 4)
    throw new RangeError(`decoded ${raw.length} bytes of ${width}×${height} pixels`);
  const planes = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
  const values = floats(planes.length);
  // Planes are green, blue, red, alpha.
  for (const [plane, channel] of [1, 2, 0, 3].slice(0, channels).entries()) {
    for (let pixel = 0; pixel < size; pixel++)
      values[pixel * channels + channel] = planes[plane * size + pixel] as number;
  }
  return values;
}
