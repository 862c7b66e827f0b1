/** Compares a saved file with what was recorded of a workflow: pictures by their pixels, media by their figures. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import sharp from "sharp";
import { toNumber, type JsonObject, type JsonValue } from "@hearth/protocol";
import { sha256 } from "../images.ts";
import { short } from "../json-values.ts";
import { PNG_MODES, PNG_SIGNATURE, pngFrames, pngSamples, readPng } from "../png.ts";
import { decodeAudio, decodeVideo, hasMediaPrograms, meanColours, probe } from "./media.ts";
import { describeSafetensors } from "./safetensors.ts";
import { FloatPool } from "./float-pool.ts";

/**
 * `exact`: digests agree. `close`: no sample off by more than 2 of 255, mean at most 0.5. `loose`: mean at most 3.
 * `own`: sizes agree.
 */
export type Closeness = "exact" | "close" | "loose" | "own";

interface Picture {
  readonly mode: string;
  readonly width: number;
  readonly height: number;
  /** decoded samples, one array per frame */
  readonly frames: readonly Buffer[];
  readonly textKeys: readonly string[];
}

/** Says what differs, or `undefined`. `folder` holds the recorded pictures. */
export async function compareSavedFile(
  folder: string,
  expected: JsonObject,
  file: string,
  closeness: Closeness,
): Promise<string | undefined> {
  switch (expected["kind"]) {
    case "image":
      return comparePicture(folder, expected, await readPicture(await readFile(file)), closeness);
    case "latent":
      return compareLatent(expected, await readFile(file), closeness);
    case "audio":
    case "video":
      if (!(await hasMediaPrograms())) return "ffprobe and ffmpeg are needed to look into audio and video";
      return compareMedia(expected, file, closeness);
    default:
      return `recorded file of unknown kind ${short(expected["kind"])}`;
  }
}

async function readPicture(bytes: Buffer): Promise<Picture> {
  if (bytes.subarray(0, 8).equals(PNG_SIGNATURE)) {
    const png = readPng(bytes);
    if (png.bitDepth !== 8) throw new Error(`PNG of ${png.bitDepth} bits: recorded pictures have 8`);
    const animated = png.chunks.some((chunk) => chunk.type === "acTL");
    return {
      mode: PNG_MODES[png.colorType] ?? "?",
      width: png.width,
      height: png.height,
      frames: animated ? pngFrames(png) : [pngSamples(png)],
      textKeys: png.text.map(([key]) => key),
    };
  }
  const image = sharp(bytes, { animated: true });
  const { pages = 1, pageHeight, height, hasAlpha } = await image.metadata();
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const size = data.length / pages;
  return {
    mode: hasAlpha ? "RGBA" : "RGB",
    width: info.width,
    height: pageHeight ?? height,
    frames: Array.from({ length: pages }, (_, page) => data.subarray(page * size, (page + 1) * size)),
    textKeys: [],
  };
}

async function comparePicture(
  folder: string,
  expected: JsonObject,
  got: Picture,
  closeness: Closeness,
): Promise<string | undefined> {
  const size = [toNumber(expected["width"]), toNumber(expected["height"]), toNumber(expected["frames"])];
  const have = [got.width, got.height, got.frames.length];
  if (size.join() !== have.join())
    return `width, height, frames are ${have.join(", ")}, expected ${size.join(", ")}`;
  if (closeness === "own") return undefined;
  if (got.mode !== expected["mode"]) return `mode ${got.mode}, expected ${short(expected["mode"])}`;
  const keys = [got.textKeys, expected["text_keys"] as string[]].map((names) => names.toSorted().join(", "));
  if (keys[0] !== keys[1]) return `texts [${keys[0]}], expected [${keys[1]}]`;
  const digests = [expected["pixels_sha256"] as JsonValue].flat();
  const differing = got.frames.findIndex((frame, index) => sha256(frame) !== digests[index]);
  if (differing < 0) return undefined;
  if (closeness === "exact")
    return `the pixels of frame ${differing} differ${await distance(folder, expected, got)}`;
  return compareSamples(folder, expected, got, closeness);
}

/** The recorded picture shows the first frame. */
async function recordedSamples(folder: string, expected: JsonObject): Promise<Buffer | undefined> {
  if (typeof expected["png"] !== "string") return undefined;
  return pngSamples(readPng(await readFile(path.join(folder, expected["png"]))));
}

async function compareSamples(
  folder: string,
  expected: JsonObject,
  got: Picture,
  closeness: "close" | "loose",
): Promise<string | undefined> {
  const recorded = await recordedSamples(folder, expected);
  if (recorded === undefined) return "the pixels differ, and no picture was recorded to compare with";
  const { most, mean } = difference(recorded, got.frames[0] as Buffer);
  const fits = closeness === "close" ? most <= 2 && mean <= 0.5 : mean <= 3;
  return fits ? undefined : `samples differ by ${most} at most, ${mean.toFixed(3)} on average (${closeness})`;
}

async function distance(folder: string, expected: JsonObject, got: Picture): Promise<string> {
  const recorded = await recordedSamples(folder, expected);
  if (recorded === undefined) return "";
  const { most, mean } = difference(recorded, got.frames[0] as Buffer);
  return ` (first frame: by ${most} at most, ${mean.toFixed(3)} on average)`;
}

/** Largest and mean absolute difference of 8-bit samples. */
export function difference(one: Buffer, other: Buffer): { most: number; mean: number } {
  if (one.length !== other.length) return { most: 255, mean: 255 };
  let most = 0;
  let sum = 0;
  for (const [index, sample] of one.entries()) {
    const off = Math.abs(sample - (other[index] as number));
    sum += off;
    if (off > most) most = off;
  }
  return { most, mean: sum / one.length };
}

function compareLatent(expected: JsonObject, bytes: Buffer, closeness: Closeness): string | undefined {
  const described = describeSafetensors(bytes, new FloatPool());
  const keys = Object.keys(described["metadata"] as JsonObject)
    .sort()
    .join(", ");
  const wanted = (expected["metadata_keys"] as string[]).toSorted().join(", ");
  if (keys !== wanted) return `metadata [${keys}], expected [${wanted}]`;
  const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
  return closeness !== "exact" || sha256(data) === expected["data_sha256"] ? undefined : "the tensors differ";
}

async function compareMedia(
  expected: JsonObject,
  file: string,
  closeness: Closeness,
): Promise<string | undefined> {
  const { format, streams } = await probe(file);
  if (format["format_name"] !== expected["container"]) {
    return `container ${short(format["format_name"])}, expected ${short(expected["container"])}`;
  }
  const tags = new Set(Object.keys((format["tags"] ?? {}) as JsonObject).map((tag) => tag.toLowerCase()));
  for (const key of expected["metadata_keys"] as string[]) {
    // Which tags a muxer writes of its own accord is its business.
    if (["prompt", "workflow"].includes(key.toLowerCase()) && !tags.has(key.toLowerCase()))
      return `no tag ${key}`;
  }
  const stream = (type: string): JsonObject | undefined => streams.find((one) => one["codec_type"] === type);
  const { audio, video } = expected as { audio?: JsonObject; video?: JsonObject };
  const problem =
    audio === undefined ? undefined : await compareAudio(audio, stream("audio"), file, closeness);
  return problem ?? (video === undefined ? undefined : compareVideo(video, stream("video"), file));
}

async function compareAudio(
  expected: JsonObject,
  stream: JsonObject | undefined,
  file: string,
  closeness: Closeness,
): Promise<string | undefined> {
  if (stream === undefined) return "no audio stream";
  const channels = toNumber(stream["channels"]);
  const figures = [stream["codec_name"], Number(stream["sample_rate"]), channels].join(", ");
  const wanted = [expected["codec"], toNumber(expected["rate"]), toNumber(expected["channels"])].join(", ");
  if (figures !== wanted) return `audio: codec, rate, channels are ${figures}, expected ${wanted}`;
  const samples = await decodeAudio(file, channels);
  const length = samples[0]?.length ?? 0;
  const count = toNumber(expected["samples"]);
  // Lossy codecs pad their last frame.
  const slack = expected["codec"] === "flac" ? 0 : 2048;
  if (Math.abs(length - count) > slack) return `audio: ${length} samples, expected ${count}`;
  if (closeness !== "exact" || expected["format"] !== "s16" || expected["samples_sha256"] === undefined)
    return undefined;
  const words = Buffer.alloc(length * channels * 2);
  for (let index = 0; index < length * channels; index += 1) {
    const value = samples[index % channels]?.[Math.floor(index / channels)] ?? 0;
    words.writeInt16LE(Math.round(value * 32768), 2 * index);
  }
  return sha256(words) === expected["samples_sha256"] ? undefined : "audio: the samples differ";
}

async function compareVideo(
  expected: JsonObject,
  stream: JsonObject | undefined,
  file: string,
): Promise<string | undefined> {
  if (stream === undefined) return "no video stream";
  const [width, height] = [toNumber(stream["width"]), toNumber(stream["height"])];
  const frames = await decodeVideo(file, width, height);
  const rate = (text: JsonValue | undefined): number => {
    const [numerator = 0, denominator = 1] = String(text).split("/").map(Number);
    return numerator / denominator;
  };
  const figures = [stream["codec_name"], width, height, frames.length, stream["pix_fmt"]].join(", ");
  const wanted = ["codec", "width", "height", "frames", "pix_fmt"]
    .map((key) => String(expected[key]))
    .join(", ");
  if (figures !== wanted)
    return `video: codec, width, height, frames, format are ${figures}, expected ${wanted}`;
  const [fps, wantedFps] = [rate(stream["avg_frame_rate"]), rate(expected["fps"])];
  if (Math.abs(fps - wantedFps) > 0.01 * wantedFps)
    return `video: ${fps} frames per second, expected ${wantedFps}`;
  const mean = frames[0] === undefined ? [] : meanColours(frames[0], 3);
  const recorded = (expected["first_frame_mean_rgb"] ?? []) as JsonValue[];
  const off = recorded.findIndex((colour, index) => Math.abs(toNumber(colour) - (mean[index] ?? 0)) > 3);
  return off < 0
    ? undefined
    : `video: the first frame's mean colour is ${mean.join(", ")}, expected ${short(recorded)}`;
}
