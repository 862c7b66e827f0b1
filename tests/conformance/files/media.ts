/** Audio and video files, looked at with the programs `ffprobe` and `ffmpeg`. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { parseJson, toNumber, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { FloatPool } from "./float-pool.ts";

const run = promisify(execFile);
const LIMIT = { encoding: "buffer", maxBuffer: 512 << 20 } as const;

/** The recordings name the decoder, ffprobe the codec. */
const DECODERS: Readonly<Record<string, string>> = { mp3: "mp3float", av1: "libdav1d" };
const LOSSLESS = new Set(["flac", "pcm_s16le", "pcm_s24le", "pcm_f32le"]);
/** Tags that muxers write about themselves. */
const OWN_TAGS =
  /^(encoder|major_brand|minor_version|compatible_brands|duration|handler_name|vendor_id|language)$/i;

/** Whether `ffprobe` and `ffmpeg` can be run. */
export async function hasMediaPrograms(): Promise<boolean> {
  try {
    await run("ffprobe", ["-version"]);
    await run("ffmpeg", ["-version"]);
    return true;
  } catch {
    return false;
  }
}

/** Everything that ffprobe says of a file. @throws when it is not a media file */
export async function probe(file: string): Promise<{ format: JsonObject; streams: JsonObject[] }> {
  const { stdout } = await run(
    "ffprobe",
    ["-v", "error", "-show_format", "-show_streams", "-of", "json", file],
    LIMIT,
  );
  const answer = parseJson(stdout.toString("utf8")) as JsonObject;
  return { format: answer["format"] as JsonObject, streams: answer["streams"] as JsonObject[] };
}

/** The samples of the first audio stream, `[channel][sample]`, as float32. */
export async function decodeAudio(file: string, channels: number): Promise<Float32Array[]> {
  const args = ["-v", "error", "-i", file, "-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "-"];
  const { stdout } = await run("ffmpeg", args, LIMIT);
  const length = Math.floor(stdout.length / 4 / channels);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length }, (_item, index) => stdout.readFloatLE(4 * (index * channels + channel))),
  );
}

/** The frames of the first video stream as RGB bytes. */
export async function decodeVideo(file: string, width: number, height: number): Promise<Buffer[]> {
  const args = [
    "-v",
    "error",
    "-i",
    file,
    "-map",
    "0:v:0",
    "-fps_mode",
    "passthrough",
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-",
  ];
  const { stdout } = await run("ffmpeg", args, LIMIT);
  const size = width * height * 3;
  return Array.from({ length: Math.floor(stdout.length / size) }, (_, i) =>
    stdout.subarray(i * size, (i + 1) * size),
  );
}

/** Mean red, green and blue of interleaved bytes, to one decimal. */
export function meanColours(pixels: Uint8Array, channels: number): number[] {
  const count = pixels.length / channels;
  return [0, 1, 2].map((colour) => {
    let sum = 0;
    for (let at = colour; at < pixels.length; at += channels) sum += pixels[at] as number;
    return Math.round((10 * sum) / count) / 10;
  });
}

export function tagsOf(given: JsonValue | undefined): JsonObject {
  const tags = (given ?? {}) as JsonObject;
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !OWN_TAGS.test(name)));
}

/** Container, tags and streams, with the samples of lossless audio. */
export async function describeMedia(file: string, pool: FloatPool): Promise<JsonObject> {
  const { format, streams } = await probe(file);
  return {
    container: format["format_name"] as JsonValue,
    tags: tagsOf(format["tags"]),
    streams: await Promise.all(streams.map((stream) => describeStream(file, stream, pool))),
  };
}

async function describeStream(file: string, stream: JsonObject, pool: FloatPool): Promise<JsonObject> {
  const name = String(stream["codec_name"]);
  const codec = DECODERS[name] ?? name;
  const tags = tagsOf(stream["tags"]);
  const common: JsonObject = { type: stream["codec_type"] as JsonValue, codec };
  if (Object.keys(tags).length > 0) common["tags"] = tags;
  if (stream["codec_type"] === "video") {
    const [width, height] = [toNumber(stream["width"]), toNumber(stream["height"])];
    const frames = await decodeVideo(file, width, height);
    return {
      ...common,
      width,
      height,
      pix_fmt: stream["pix_fmt"] as JsonValue,
      rate: String(stream["avg_frame_rate"]).split("/").map(Number),
      frames: frames.length,
      frame_mean_rgb: frames.map((frame) => meanColours(frame, 3)),
    };
  }
  const channels = toNumber(stream["channels"]);
  const samples = await decodeAudio(file, channels);
  const length = samples[0]?.length ?? 0;
  const audio: JsonObject = {
    ...common,
    sample_rate: Number(stream["sample_rate"]),
    channels,
    layout: stream["channel_layout"] ?? (channels === 1 ? "mono" : "stereo"),
    samples: length,
    sample_format: stream["sample_fmt"] as JsonValue,
  };
  if (!LOSSLESS.has(name)) return { ...audio, rms: samples.map(rms) };
  const all = new Float32Array(channels * length);
  for (const [channel, data] of samples.entries()) all.set(data, channel * length);
  return { ...audio, data: pool.add(all, [channels, length]) };
}

function rms(samples: Float32Array): number {
  let sum = 0;
  for (const value of samples) sum += value * value;
  return Math.round(1000 * Math.sqrt(sum / samples.length)) / 1000;
}
