/** Reading of video files through FFmpeg. */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import { NodeError } from "@hearth/engine";
import { deinterleave } from "../audio/audio-file.ts";
import { probe, runFfmpeg } from "../files/ffmpeg.ts";
import { stackImages } from "../files/pixels.ts";
import { floats } from "../sdk/tensor.ts";
import type { ColorSpace, FrameRate, TrimWindow, VideoComponents, VideoFile } from "./video.ts";

export interface VideoStream {
  readonly codec: string;
  /** comma-separated short names of the container, e.g. `mov,mp4,m4a,3gp,3g2,mj2` */
  readonly container: string;
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  readonly frameRate: FrameRate;
  /** seconds */
  readonly duration: number;
  readonly colorSpace: ColorSpace;
  /** the first audio stream */
  readonly audio?: { readonly sampleRate: number; readonly channels: number };
}

/** What the first video stream of a file is. @throws NodeError `ValueError` when it has none */
export async function videoStream(file: string, signal?: AbortSignal): Promise<VideoStream> {
  const { streams, format } = await probe(file, [], signal);
  const all = (Array.isArray(streams) ? streams : []).filter(isJsonObject);
  const video = all.find((stream) => stream["codec_type"] === "video");
  const audio = all.find((stream) => stream["codec_type"] === "audio");
  if (video === undefined) throw new NodeError("No video stream found in the file.", "ValueError");
  const about = isJsonObject(format) ? format : {};
  return {
    codec: String(video["codec_name"]),
    container: String(about["format_name"]),
    ...turned(video),
    pixelFormat: String(video["pix_fmt"]),
    frameRate: fraction(video["avg_frame_rate"]) ?? fraction(video["r_frame_rate"]) ?? [1, 1],
    duration: Number(video["duration"] ?? about["duration"] ?? 0),
    colorSpace: colorSpace(String(video["color_transfer"] ?? "")),
    ...(audio === undefined
      ? {}
      : { audio: { sampleRate: Number(audio["sample_rate"]), channels: Number(audio["channels"]) } }),
  };
}

function fraction(text: unknown): FrameRate | undefined {
  const [numerator, denominator] = String(text).split("/").map(Number);
  return numerator && denominator ? [numerator, denominator] : undefined;
}

function colorSpace(transfer: string): ColorSpace {
  if (transfer === "arib-std-b67") return "HDR";
  return transfer === "smpte2084" ? "HDR PQ" : "sRGB";
}

/** FFmpeg turns frames upright as their display matrix says; a quarter turn swaps the sides. */
function turned(video: JsonObject): { width: number; height: number } {
  const sides = Array.isArray(video["side_data_list"]) ? video["side_data_list"] : [];
  const turn = sides.filter(isJsonObject).find((side) => side["rotation"] !== undefined)?.["rotation"];
  const size = { width: Number(video["width"]), height: Number(video["height"]) };
  return Math.abs(Number(turn ?? 0)) % 180 === 90 ? { width: size.height, height: size.width } : size;
}

/** Options before `-i` that open only the window. */
function windowArgs({ start, length }: TrimWindow): string[] {
  return [...(start > 0 ? ["-ss", String(start)] : []), ...(length > 0 ? ["-t", String(length)] : [])];
}

/** Pixel formats that are decoded to 8 bits; all others go through floats. */
const EIGHT_BIT = /^(yuvj|rgb24$|rgba$|pal8$)/;

/** Decodes the window of a file. */
export async function readVideoFile(
  { file, window }: VideoFile,
  signal?: AbortSignal,
): Promise<VideoComponents> {
  const stream = await videoStream(file, signal);
  const images = await readFrames(file, window, stream, signal);
  const tenBit = /(10|12|16)(le|be)$/.test(stream.pixelFormat);
  return {
    images,
    frameRate: stream.frameRate,
    bitDepth: tenBit ? 10 : 8,
    colorSpace: stream.colorSpace,
    ...(stream.audio === undefined
      ? {}
      : {
          audio: {
            waveform: await readSound(file, window, stream.audio.channels, signal),
            sample_rate: stream.audio.sampleRate,
          },
        }),
  };
}

async function readFrames(
  file: string,
  window: TrimWindow,
  { width, height, pixelFormat }: VideoStream,
  signal?: AbortSignal,
): Promise<VideoComponents["images"]> {
  const deep = !EIGHT_BIT.test(pixelFormat);
  const frames: Float32Array[] = [];
  const frame = Buffer.alloc(width * height * 3 * (deep ? 4 : 1));
  let filled = 0;
  const take = deep ? planarFrame : packedFrame;
  await runFfmpeg(
    [
      ...windowArgs(window),
      "-i",
      file,
      "-map",
      "0:v:0",
      // Every frame once, as it stands in the file.
      "-fps_mode",
      "passthrough",
      "-sws_flags",
      "bilinear",
      "-f",
      "rawvideo",
      "-pix_fmt",
      deep ? "gbrpf32le" : "rgb24",
      "pipe:1",
    ],
    {
      ...(signal === undefined ? {} : { signal }),
      onOutput: (part) => {
        for (let at = 0; at < part.length;) {
          const copied = part.copy(frame, filled, at);
          at += copied;
          filled += copied;
          if (filled < frame.length) continue;
          frames.push(take(frame, width * height));
          filled = 0;
        }
      },
    },
  );
  if (frames.length === 0) throw new NodeError(`No frames found in the video.`, "ValueError");
  return stackImages(frames, height, width, 3);
}

function packedFrame(bytes: Buffer): Float32Array {
  const values = floats(bytes.length);
  for (let i = 0; i < values.length; i++) values[i] = (bytes[i] as number) / 255;
  return values;
}

/** Planes are green, blue, red. */
function planarFrame(bytes: Buffer, pixels: number): Float32Array {
  const planes = new Float32Array(bytes.buffer, bytes.byteOffset, pixels * 3);
  const values = floats(pixels * 3);
  for (let pixel = 0, at = 0; pixel < pixels; pixel++, at += 3) {
    values[at] = planes[2 * pixels + pixel] as number;
    values[at + 1] = planes[pixel] as number;
    values[at + 2] = planes[pixels + pixel] as number;
  }
  return values;
}

async function readSound(file: string, window: TrimWindow, channels: number, signal?: AbortSignal) {
  const raw = await runFfmpeg(
    [...windowArgs(window), "-i", file, "-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"],
    signal === undefined ? {} : { signal },
  );
  return deinterleave(raw, channels);
}
