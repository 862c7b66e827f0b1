/** Writing of video files through FFmpeg. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { NodeError } from "@hearth/engine";
import { interleave, opusRate, rawAudioInput } from "../audio/audio-file.ts";
import { withTags } from "../files/ffmetadata.ts";
import { runFfmpeg } from "../files/ffmpeg.ts";
import type { Metadata } from "../files/metadata.ts";
import { imageShape, pictureData, toBytes, toBytes16 } from "../files/pixels.ts";
import type { Audio, Image } from "../sdk/tensor.ts";
import type { ColorSpace, FrameRate, VideoComponents } from "./video.ts";

export type VideoContainer = "mp4" | "mkv" | "webm";
export type VideoCodec = "h264" | "av1" | "vp9";

const MUXERS = { mp4: "mp4", mkv: "matroska", webm: "webm" } as const;
/** SVT-AV1 refuses smaller pictures. */
const SVT_SMALLEST = 64;

export interface EncodeOptions {
  readonly container: VideoContainer;
  readonly codec: VideoCodec;
  readonly pixelFormat: string;
  /** constant rate factor of the codec */
  readonly crf: number;
  readonly preset?: number;
  readonly colorSpace?: ColorSpace;
  readonly metadata: Metadata;
  readonly signal: AbortSignal;
  /** the file that is written */
  readonly target: string;
  /** frames are given to the encoder with 16 bits per sample */
  readonly deep?: boolean;
}

/** Encodes frames, and sound where there is some. @throws NodeError when FFmpeg refuses */
export async function encodeVideo(
  { images, audio, frameRate }: Pick<VideoComponents, "images" | "audio" | "frameRate">,
  options: EncodeOptions,
): Promise<void> {
  const { width, height, channels } = imageShape(images);
  if (channels !== 3 && channels !== 4)
    throw new NodeError(`a video has 3 or 4 channels, not ${channels}`, "ValueError");
  const rawFormat = options.deep
    ? channels === 4
      ? "rgba64be"
      : "rgb48be"
    : channels === 4
      ? "rgba"
      : "rgb24";
  await withRawAudio(audio, (sound) =>
    withTags(options.metadata, sound.length > 0 ? 2 : 1, (tags, mapping) =>
      runFfmpeg(
        [
          "-f",
          "rawvideo",
          "-pix_fmt",
          rawFormat,
          "-s",
          `${width}x${height}`,
          "-r",
          rateText(frameRate),
          "-i",
          "pipe:0",
          ...sound,
          ...tags,
          "-map",
          "0:v",
          ...(sound.length > 0 ? ["-map", "1:a"] : []),
          ...mapping,
          ...videoArgs(options, Math.min(width, height)),
          ...(audio === undefined || sound.length === 0 ? [] : audioArgs(options.container, audio)),
          ...containerArgs(options.container),
          options.target,
        ],
        { signal: options.signal, input: frames(images, options.deep ?? false) },
      ),
    ),
  );
}

/** Puts the streams of a file into a new one without decoding them. */
export async function copyVideo(
  source: string,
  {
    container,
    metadata,
    signal,
    target,
  }: Pick<EncodeOptions, "container" | "metadata" | "signal" | "target">,
): Promise<void> {
  await withTags(metadata, 1, (tags, mapping) =>
    runFfmpeg(
      [
        "-i",
        source,
        ...tags,
        "-map",
        "0:v",
        "-map",
        "0:a?",
        "-c",
        "copy",
        ...mapping,
        ...containerArgs(container),
        target,
      ],
      { signal },
    ),
  );
}

function rateText([numerator, denominator]: FrameRate): string {
  return `${numerator}/${denominator}`;
}

function* frames(images: Image, deep: boolean): Iterable<Uint8Array> {
  const { batch } = imageShape(images);
  for (let index = 0; index < batch; index++) {
    const values = pictureData(images, index);
    yield deep ? toBytes16(values) : toBytes(values);
  }
}

function videoArgs(options: EncodeOptions, shortSide: number): string[] {
  const { codec, crf, pixelFormat, preset } = options;
  const encoder =
    codec === "h264"
      ? ["libx264"]
      : codec === "vp9"
        ? ["libvpx-vp9", "-b:v", "0"]
        : shortSide < SVT_SMALLEST
          ? ["libaom-av1", "-b:v", "0", "-cpu-used", "6"]
          : ["libsvtav1", ...(preset === undefined ? [] : ["-preset", String(preset)])];
  // Only x264 takes fractions.
  const quality = String(codec === "h264" ? crf : Math.round(crf));
  return ["-c:v", ...encoder, "-crf", quality, "-pix_fmt", pixelFormat, ...colorArgs(options.colorSpace)];
}

const TRANSFER = { HDR: "arib-std-b67", "HDR PQ": "smpte2084" } as const;

/** BT.2020 primaries and matrix with the transfer function of the colour space. */
function colorArgs(space: ColorSpace | undefined): string[] {
  if (space === undefined || space === "sRGB") return [];
  return [
    "-vf",
    "scale=out_color_matrix=bt2020:out_range=tv",
    "-color_primaries",
    "bt2020",
    "-color_trc",
    TRANSFER[space],
    "-colorspace",
    "bt2020nc",
    "-color_range",
    "tv",
  ];
}

function audioArgs(container: VideoContainer, audio: Audio): string[] {
  return container === "webm"
    ? ["-c:a", "libopus", "-ar", String(opusRate(audio.sample_rate))]
    : ["-c:a", "aac"];
}

/** Without `use_metadata_tags` MP4 drops tags of other names; the index goes first, so that players start at once. */
function containerArgs(container: VideoContainer): string[] {
  return [
    ...(container === "mp4" ? ["-movflags", "use_metadata_tags+faststart"] : []),
    "-f",
    MUXERS[container],
  ];
}

/** The sound as a raw file that FFmpeg reads beside the frames; no arguments where there is none. */
async function withRawAudio<T>(audio: Audio | undefined, use: (args: string[]) => Promise<T>): Promise<T> {
  if (audio === undefined || audio.waveform.data.length === 0) return use([]);
  const folder = await mkdtemp(path.join(tmpdir(), "hearth-sound-"));
  try {
    const file = path.join(folder, "sound");
    await writeFile(file, interleave(audio, 0));
    return await use(rawAudioInput(audio, file));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
