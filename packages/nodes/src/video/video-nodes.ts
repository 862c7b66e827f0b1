/** Nodes that load, make, cut and take apart videos. */
import { JsonFloat } from "@hearth/protocol";
import { existingPath, modifiedToken, validateFile } from "../files/annotated-path.ts";
import { savedMetadata } from "../files/metadata.ts";
import { imageShape } from "../files/pixels.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import { defineNode } from "../sdk/define-node.ts";
import { audio, boolean, choice, float, image, input, int, optional, string } from "../sdk/inputs.ts";
import { encodeVideo } from "./encode-video.ts";
import { frameRate, Video } from "./video.ts";

const module = { api: "schema", category: "video", pythonModule: "comfy_extras.nodes_video" } as const;

export const loadVideoNode = defineNode({
  ...module,
  name: "LoadVideo",
  displayName: "Load Video",
  essentialsCategory: "Basics",
  searchAliases: ["import video", "open video", "video file"],
  inputs: {
    file: {
      ...input<string>("COMBO", { multiselect: false, options: [], video_upload: true }),
      list: { folder: "input", media: ["video"] },
    },
  },
  outputs: ["VIDEO"],
  validates: ["file"],
  validate: ({ file }, _types, { folders }) => validateFile("video", file, folders),
  // Hashing hours of video would take longer than the rest of the prompt.
  fingerprint: ({ file }, { folders }) => modifiedToken(file, folders),
  execute: ({ file }, { folders }) => [Video.ofFile(existingPath(file, folders))],
});

export const createVideoNode = defineNode({
  ...module,
  name: "CreateVideo",
  displayName: "Create Video",
  description: "Makes a video of pictures.",
  essentialsCategory: "Video Tools",
  searchAliases: ["images to video"],
  inputs: {
    images: image({ tooltip: "The frames." }),
    fps: float({ default: 30, min: 1, max: 120, step: 1 }),
    audio: optional(audio({ tooltip: "The sound." })),
    bit_depth: optional(
      int({
        tooltip: "Bits per sample when it is saved.",
        default: 8,
        min: 8,
        max: 10,
        step: 2,
        display: "number",
      }),
    ),
  },
  outputs: ["VIDEO"],
  execute: ({ images, fps, audio: sound, bit_depth }) => [
    Video.ofComponents({
      images,
      frameRate: frameRate(fps),
      bitDepth: bit_depth === 10 ? 10 : 8,
      colorSpace: "sRGB",
      ...(sound === undefined ? {} : { audio: sound }),
    }),
  ],
});

export const getVideoComponentsNode = defineNode({
  ...module,
  name: "GetVideoComponents",
  displayName: "Get Video Components",
  description: "Takes a video apart: frames, sound, rate.",
  searchAliases: ["extract frames", "split video", "video to images", "demux"],
  inputs: { video: input<Video>("VIDEO", { tooltip: "What is taken apart." }) },
  outputs: [
    { type: "IMAGE", name: "images" },
    { type: "AUDIO", name: "audio" },
    { type: "FLOAT", name: "fps" },
    { type: "INT", name: "bit_depth" },
    { type: "COMBO", name: "color_space" },
  ],
  execute: async ({ video }, { signal }) => {
    const parts = await video.components(signal);
    return [
      parts.images,
      parts.audio ?? null,
      parts.frameRate[0] / parts.frameRate[1],
      parts.bitDepth,
      parts.colorSpace,
    ];
  },
});

export const videoSliceNode = defineNode({
  ...module,
  name: "Video Slice",
  displayName: "Trim Video",
  description: "Keeps a part of the video.",
  essentialsCategory: "Video Tools",
  searchAliases: ["trim video duration", "skip first frames", "frame load cap", "start time"],
  inputs: {
    video: input<Video>("VIDEO"),
    start_time: float({
      tooltip: "Start in seconds; a negative one counts from the end.",
      default: 0,
      min: -100_000,
      max: 100_000,
      step: 0.001,
    }),
    duration: float({ tooltip: "Seconds; 0 reaches to the end.", default: 0, min: 0, step: 0.001 }),
    strict_duration: boolean({ tooltip: "Whether a video that is too short is an error.", default: false }),
  },
  outputs: ["VIDEO"],
  execute: async ({ video, start_time, duration, strict_duration }, { signal }) => [
    await video.trimmed({ start: start_time, length: duration }, strict_duration, signal),
  ],
});

export const saveWebmNode = defineNode({
  ...module,
  name: "SaveWEBM",
  displayName: "Save WEBM",
  experimental: true,
  searchAliases: ["export webm"],
  inputs: {
    images: image({ tooltip: "The frames." }),
    filename_prefix: string({ default: "ComfyUI", multiline: false }),
    codec: choice(["vp9", "av1"]),
    fps: float({ default: 24, min: 0.01, max: 1000, step: 0.01 }),
    crf: input<number>("FLOAT", {
      tooltip: "Lower is better and larger.",
      default: new JsonFloat(32),
      // Integers on the wire, unlike the others.
      min: 0,
      max: new JsonFloat(63),
      step: 1,
    }),
  },
  outputs: [{ type: "IMAGE", name: "images" }],
  outputNode: true,
  execute: async ({ images, filename_prefix, codec, fps, crf }, context) => {
    const { width, height, channels } = imageShape(images);
    const target = await saveTarget(filename_prefix, context.folders.output, { width, height });
    const filename = await saveNumbered(
      target,
      (name, counter) => `${name}_${counter}_.webm`,
      (temporary) =>
        encodeVideo(
          { images, frameRate: frameRate(fps) },
          {
            container: "webm",
            codec,
            crf,
            pixelFormat: codec === "av1" ? "yuv420p10le" : channels === 4 ? "yuva420p" : "yuv420p",
            preset: 6,
            metadata: savedMetadata(context),
            signal: context.signal,
            target: temporary,
          },
        ),
    );
    return {
      outputs: [images],
      ui: { images: [{ filename, subfolder: target.subfolder, type: "output" }], animated: [true] },
    };
  },
});
