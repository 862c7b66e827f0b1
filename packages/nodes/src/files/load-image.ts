/** Picture files as tensors. Section 7.3, `LoadImage`. */
import { readFile } from "node:fs/promises";
import { NodeError } from "@hearth/engine";
import sharp, { type Metadata } from "sharp";
import { floats, type Image, type Mask, tensor } from "../sdk/tensor.ts";
import { type ApngFrame, apngFrames, clearFrame, drawFrame } from "./apng.ts";
import {
  decodeFloats,
  type PictureFormat,
  pngFormat,
  GREY_SHIFT,
  shiftedGrey,
  throughFfmpeg,
} from "./ffmpeg-picture.ts";
import { fromSamples, stackImages } from "./pixels.ts";
import { isPng, readPngChunks } from "./png-chunks.ts";

/** Pictures whose header claims more pixels, all frames together, are refused before anything is decoded. */
export const MAX_PIXELS = 100_000_000;

/** All frames of a file, as they look: orientation applied, colours not premultiplied. */
export interface LoadedImage {
  /** `[frames, height, width, 3]` */
  readonly image: Image;
  /** alpha 0…1 `[frames, height, width]`; absent for opaque formats */
  readonly alpha?: Mask;
}

/** @throws NodeError when the file is no picture that can be read, or too large */
export async function loadImage(file: string): Promise<LoadedImage> {
  const bytes = await readFile(file);
  try {
    const frames = isPng(bytes) ? apngFrames(readPngChunks(bytes)) : undefined;
    return frames === undefined ? await decode(file, bytes) : await decodeApng(bytes, frames);
  } catch (error) {
    throw readable(error);
  }
}

function readable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof NodeError) return error;
  if (error.message.includes("pixel limit")) {
    return new NodeError(`picture is too large: more than ${MAX_PIXELS} pixels`, "ValueError", {
      cause: error,
    });
  }
  return new NodeError(`cannot read the picture: ${error.message}`, "UnidentifiedImageError", {
    cause: error,
  });
}

const OPEN = { limitInputPixels: MAX_PIXELS, ignoreIcc: true, failOn: "error" } as const;

async function decode(file: string, bytes: Buffer): Promise<LoadedImage> {
  const metadata = await sharp(bytes, OPEN).metadata();
  const pages = animated(metadata) ? (metadata.pages ?? 1) : 1;
  const picture = pictureFormat(bytes, metadata, pages);
  const { width, height } = metadata;
  if (width * height > MAX_PIXELS) throw new Error("Input image exceeds pixel limit");
  if (throughFfmpeg(picture) && (metadata.orientation ?? 1) === 1) {
    const values = await decodeFloats(file, { width, height, alpha: picture.alpha, grey: picture.grey });
    const loaded = split(values, 1, height, width, picture.alpha ? 4 : 3);
    // The grey path shifts alpha as it shifts greys, so it comes from the file's own levels.
    return picture.grey
      ? { image: loaded.image, alpha: (await decodeLevels(bytes, metadata, picture)).alpha as Mask }
      : loaded;
  }
  return decodeLevels(bytes, metadata, picture);
}

function pictureFormat(bytes: Buffer, metadata: Metadata, frames: number): PictureFormat {
  const told = { depth: metadata.depth === "ushort" ? 16 : 8, grey: metadata.channels < 3 };
  return {
    format: metadata.format,
    alpha: metadata.hasAlpha,
    frames,
    ...told,
    ...(isPng(bytes) ? pngFormat(bytes) : {}),
  };
}

/** The levels of the file over the largest one. */
async function decodeLevels(bytes: Buffer, metadata: Metadata, picture: PictureFormat): Promise<LoadedImage> {
  const pages = picture.frames;
  const opened = sharp(bytes, { ...OPEN, pages });
  // Turning works on still pictures only; animated formats carry no orientation.
  const upright = pages === 1 ? opened.autoOrient() : opened;
  // GIF frames always have an alpha band, also where none of them is transparent.
  const source = metadata.format === "gif" ? upright.ensureAlpha() : upright;
  const deep = metadata.depth === "ushort";
  const raw = deep
    ? source.toColourspace("rgb16").raw({ depth: "ushort" })
    : source.toColourspace("srgb").raw();
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  const samples = deep ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  const greyAlpha = picture.format === "png" && picture.grey && picture.alpha && picture.depth === 8;
  const values =
    shiftedGrey(picture) || greyAlpha
      ? fromSamples(samples, 65535, GREY_SHIFT)
      : fromSamples(samples, deep ? 65535 : 255);
  return split(values, pages, info.height / pages, info.width, info.channels);
}

function animated({ format, pages }: Metadata): boolean {
  return (format === "gif" || format === "webp") && (pages ?? 1) > 1;
}

/** Separates colours from alpha. */
function split(
  values: Float32Array,
  batch: number,
  height: number,
  width: number,
  channels: number,
): LoadedImage {
  if (channels === 3) return { image: tensor([batch, height, width, 3], values) };
  const count = batch * height * width;
  const colours = floats(count * 3);
  const alpha = floats(count);
  for (let pixel = 0, from = 0, to = 0; pixel < count; pixel++, from += 4, to += 3) {
    colours[to] = values[from] as number;
    colours[to + 1] = values[from + 1] as number;
    colours[to + 2] = values[from + 2] as number;
    alpha[pixel] = values[from + 3] as number;
  }
  return { image: tensor([batch, height, width, 3], colours), alpha: tensor([batch, height, width], alpha) };
}

async function decodeApng(bytes: Buffer, frames: readonly ApngFrame[]): Promise<LoadedImage> {
  const { width, height, hasAlpha } = await sharp(bytes, OPEN).metadata();
  if (width * height * frames.length > MAX_PIXELS) throw new Error("Input image exceeds pixel limit");
  const canvas = new Uint8Array(width * height * 4);
  const shown: Float32Array[] = [];
  for (const frame of frames) {
    if (frame.x + frame.width > width || frame.y + frame.height > height) {
      throw new RangeError("animated PNG has a frame outside its canvas");
    }
    const pixels = await sharp(frame.file, OPEN).toColourspace("srgb").ensureAlpha().raw().toBuffer();
    const before = frame.dispose === 2 ? canvas.slice() : undefined;
    drawFrame(canvas, width, frame, pixels);
    shown.push(fromSamples(canvas, 255));
    if (before !== undefined) canvas.set(before);
    if (frame.dispose === 1) clearFrame(canvas, width, frame);
  }
  const loaded = split(stackImages(shown, height, width, 4).data, frames.length, height, width, 4);
  return hasAlpha ? loaded : { image: loaded.image };
}

/** 1 − alpha, or zeros 64×64 per frame where the picture has none. */
export function loadedMask({ image, alpha }: LoadedImage): Mask {
  const frames = image.shape[0] ?? 1;
  if (alpha === undefined) return tensor([frames, 64, 64]);
  const mask = floats(alpha.data.length);
  for (let i = 0; i < mask.length; i++) mask[i] = 1 - (alpha.data[i] as number);
  return tensor(alpha.shape, mask);
}
