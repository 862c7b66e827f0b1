/** A VIDEO value: a file with a trim window, or pictures with sound. Section 7.8 of the behaviour reference. */
import { NodeError } from "@hearth/engine";
import { type Audio, floats, type Image, tensor } from "../sdk/tensor.ts";
import { sliceWave, waveShape } from "../audio/waveform.ts";
import { readVideoFile, type VideoStream, videoStream } from "./video-file.ts";

/** Frames per second as a fraction. */
export type FrameRate = readonly [numerator: number, denominator: number];

export type ColorSpace = "sRGB" | "HDR" | "HDR PQ";

export interface VideoComponents {
  readonly images: Image;
  readonly audio?: Audio;
  readonly frameRate: FrameRate;
  readonly bitDepth: 8 | 10;
  readonly colorSpace: ColorSpace;
}

/** Seconds; a length of 0 reaches to the end. */
export interface TrimWindow {
  readonly start: number;
  readonly length: number;
}

export const WHOLE: TrimWindow = { start: 0, length: 0 };

export interface VideoFile {
  readonly file: string;
  readonly window: TrimWindow;
}

/** A video is decoded only when somebody asks for its components. */
export class Video {
  readonly source: VideoFile | VideoComponents;

  constructor(source: VideoFile | VideoComponents) {
    this.source = source;
  }

  static ofFile(file: string, window: TrimWindow = WHOLE): Video {
    return new Video({ file, window });
  }

  static ofComponents(components: VideoComponents): Video {
    return new Video(components);
  }

  /** The file behind this video, when there is one. */
  get file(): VideoFile | undefined {
    return "file" in this.source ? this.source : undefined;
  }

  /** All frames and the sound of the window. */
  async components(signal?: AbortSignal): Promise<VideoComponents> {
    return "file" in this.source ? readVideoFile(this.source, signal) : this.source;
  }

  /** What the first video stream of the file is; `undefined` for components. */
  async stream(signal?: AbortSignal): Promise<VideoStream | undefined> {
    return "file" in this.source ? videoStream(this.source.file, signal) : undefined;
  }

  /** Seconds. */
  async duration(signal?: AbortSignal): Promise<number> {
    if (!("file" in this.source)) {
      const [numerator, denominator] = this.source.frameRate;
      return ((this.source.images.shape[0] ?? 0) * denominator) / numerator;
    }
    const { start, length } = this.source.window;
    const whole = (await videoStream(this.source.file, signal)).duration;
    const rest = Math.max(0, whole - start);
    return length > 0 ? Math.min(length, rest) : rest;
  }

  /**
   * A part of the video. A negative start counts from the end; a length of 0 reaches to the end. Files are not
   * decoded for it.
   * @throws NodeError `ValueError` when nothing is left, or, if `strict`, less than the length
   */
  async trimmed({ start, length }: TrimWindow, strict: boolean, signal?: AbortSignal): Promise<Video> {
    const duration = await this.duration(signal);
    const from = start < 0 ? Math.max(0, duration + start) : start;
    if (from >= duration || (strict && from + length > duration)) {
      throw new NodeError(
        `Failed to slice video:\nSource duration: ${duration}\nStart time: ${start}\nTarget duration: ${length}`,
        "ValueError",
      );
    }
    if ("file" in this.source) {
      const rest = duration - from;
      return Video.ofFile(this.source.file, {
        start: this.source.window.start + from,
        // A window that ended before the file's end must end there still.
        length: length > 0 ? Math.min(length, rest) : this.source.window.length > 0 ? rest : 0,
      });
    }
    return Video.ofComponents(trimComponents(this.source, from, length > 0 ? from + length : duration));
  }
}

/** Frames that begin in `from…to` seconds, and the sound of that time. */
function trimComponents(given: VideoComponents, from: number, to: number): VideoComponents {
  const [numerator, denominator] = given.frameRate;
  const rate = numerator / denominator;
  // Times like 0.1·30 come out a hair above the whole frame that they mean.
  const frameAt = (seconds: number): number => Math.ceil(seconds * rate - 1e-6);
  const frames = given.images.shape[0] ?? 0;
  const first = Math.min(frameAt(from), frames - 1);
  const last = Math.max(first + 1, Math.min(frameAt(to), frames));
  return {
    ...given,
    images: pickFrames(
      given.images,
      Array.from({ length: last - first }, (_, index) => first + index),
    ),
    ...(given.audio === undefined ? {} : { audio: trimAudio(given.audio, from, to) }),
  };
}

function trimAudio(audio: Audio, from: number, to: number): Audio {
  const { samples } = waveShape(audio.waveform);
  const at = (seconds: number): number =>
    Math.max(0, Math.min(samples, Math.trunc(seconds * audio.sample_rate)));
  return { ...audio, waveform: sliceWave(audio.waveform, at(from), at(to)) };
}

/** The frames of these numbers as a batch. */
export function pickFrames(images: Image, numbers: readonly number[]): Image {
  const [, height = 0, width = 0, channels = 0] = images.shape;
  const size = height * width * channels;
  const data = floats(size * numbers.length);
  for (const [index, number] of numbers.entries()) {
    data.set(images.data.subarray(number * size, (number + 1) * size), index * size);
  }
  return tensor([numbers.length, height, width, channels], data);
}

/** The nearest fraction of thousandths; whole rates stay whole. */
export function frameRate(perSecond: number): FrameRate {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  const thousandths = Math.round(perSecond * 1000);
  const common = divisor(thousandths, 1000);
  return [thousandths / common, 1000 / common];
}
