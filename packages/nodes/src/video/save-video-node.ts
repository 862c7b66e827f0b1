/** `SaveVideo`: streams are copied where they fit already, else encoded. */
import { JsonFloat, type JsonObject } from "@hearth/protocol";
import { NodeError, type NodeContext } from "@hearth/engine";
import { videoMetadata } from "../files/metadata.ts";
import { imageShape } from "../files/pixels.ts";
import { saveNumbered, saveTarget } from "../files/save-names.ts";
import { defineNode } from "../sdk/define-node.ts";
import { type DynamicOption, dynamicCombo, input, optional, string } from "../sdk/inputs.ts";
import { copyVideo, encodeVideo, type VideoContainer } from "./encode-video.ts";
import type { ColorSpace, Video } from "./video.ts";

interface EncodingChoice {
  readonly encoding: "auto" | "re-encode";
  readonly crf?: number;
  readonly color_space?: "auto" | ColorSpace;
}

interface CodecChoice extends Record<string, unknown> {
  readonly codec: "auto" | "h264" | "av1";
  readonly encoding?: EncodingChoice;
}

interface FormatChoice extends Record<string, unknown> {
  readonly format: "auto" | VideoContainer;
  readonly codec?: CodecChoice;
}

const CRF = { h264: { standard: 23, largest: 51 }, av1: { standard: 30, largest: 63 } } as const;

function encodingInput(codec: "h264" | "av1"): JsonObject {
  const { standard, largest } = CRF[codec];
  const reencode: JsonObject = {
    required: {
      crf: [
        "FLOAT",
        {
          tooltip: "Lower is better and larger.",
          default: new JsonFloat(standard),
          min: new JsonFloat(0),
          max: new JsonFloat(largest),
          step: new JsonFloat(1),
        },
      ],
      color_space: [
        "COMBO",
        {
          display_name: "color space",
          tooltip: "auto keeps that of the video.",
          default: "auto",
          multiselect: false,
          options: ["auto", "sRGB", "HDR", "HDR PQ"],
        },
      ],
    },
  };
  return {
    encoding: [
      "COMFY_DYNAMICCOMBO_V3",
      {
        display_name: "encoding mode",
        tooltip: "auto copies streams that fit already.",
        options: [
          { key: "auto", inputs: { required: {} } },
          { key: "re-encode", inputs: reencode },
        ],
      },
    ],
  };
}

function codecOptions(codecs: readonly ("h264" | "av1")[]): JsonObject[] {
  return [
    { key: "auto", inputs: { required: {} } },
    ...codecs.map((codec) => ({ key: codec, inputs: { required: {}, optional: encodingInput(codec) } })),
  ];
}

function formatOption(key: string, codecs: readonly ("h264" | "av1")[]): DynamicOption {
  const codec = [
    "COMFY_DYNAMICCOMBO_V3",
    { tooltip: "The codec of the video.", options: codecOptions(codecs) },
  ];
  return { key, inputs: { required: { codec } } };
}

export const saveVideoNode = defineNode({
  name: "SaveVideo",
  api: "schema",
  displayName: "Save Video",
  category: "video",
  description: "Saves the video to the output folder.",
  pythonModule: "comfy_extras.nodes_video",
  essentialsCategory: "Basics",
  searchAliases: ["export video"],
  inputs: {
    video: input<Video>("VIDEO", { tooltip: "What is saved." }),
    filename_prefix: string({
      tooltip: "The start of the file's name.",
      default: "video/ComfyUI",
      multiline: false,
    }),
    format: dynamicCombo<FormatChoice>(
      [
        formatOption("auto", ["h264", "av1"]),
        formatOption("mp4", ["h264", "av1"]),
        formatOption("mkv", ["h264", "av1"]),
        formatOption("webm", ["av1"]),
      ],
      { tooltip: "The container of the file." },
    ),
    codec: optional(
      dynamicCombo<CodecChoice>(codecOptions(["h264", "av1"]) as unknown as DynamicOption[], {
        tooltip: "The codec of older workflows.",
        hidden: true,
      }),
    ),
  },
  outputs: [{ type: "VIDEO", name: "video", tooltip: "The same video." }],
  outputNode: true,
  execute: async ({ video, filename_prefix, format, codec }, context) => {
    const entry = await saveVideo(video, filename_prefix, format, format.codec ?? codec, context);
    return { outputs: [video], ui: { images: [entry], animated: [true] } };
  },
});

/** Containers by the short names that FFmpeg gives them. */
const READ_AS: Record<VideoContainer, string> = { mp4: "mp4", mkv: "matroska", webm: "webm" };

async function saveVideo(
  video: Video,
  prefix: string,
  format: FormatChoice,
  codec: CodecChoice | undefined,
  context: NodeContext,
): Promise<{ filename: string; subfolder: string; type: string }> {
  const container = format.format === "auto" ? "mp4" : format.format;
  const encoding = codec?.encoding;
  const wanted = codec?.codec ?? "auto";
  const stream = await video.stream(context.signal);
  const copied =
    stream !== undefined &&
    encoding?.encoding !== "re-encode" &&
    untrimmed(video) &&
    stream.container.split(",").includes(READ_AS[container]) &&
    (wanted === "auto" || wanted === stream.codec);
  const components = copied ? undefined : await video.components(context.signal);
  const size = components === undefined ? stream : imageShape(components.images);
  const target = await saveTarget(prefix, context.folders.output, size);
  const common = { container, metadata: videoMetadata(context), signal: context.signal } as const;
  const filename = await saveNumbered(
    target,
    (name, counter) => `${name}_${counter}_.${container}`,
    async (temporary) => {
      const file = video.file;
      if (components === undefined) {
        if (file === undefined) throw new NodeError("a video without a file has no streams to copy");
        return copyVideo(file.file, { ...common, target: temporary });
      }
      const chosen: "h264" | "av1" = wanted === "auto" ? (container === "webm" ? "av1" : "h264") : wanted;
      const space = encoding?.color_space;
      const colorSpace = space === undefined || space === "auto" ? components.colorSpace : space;
      const deep = components.bitDepth === 10 || colorSpace !== "sRGB";
      await encodeVideo(components, {
        ...common,
        target: temporary,
        codec: chosen,
        crf: encoding?.crf ?? CRF[chosen].standard,
        pixelFormat: deep ? "yuv420p10le" : "yuv420p",
        colorSpace,
        deep,
      });
    },
  );
  return { filename, subfolder: target.subfolder, type: "output" };
}

function untrimmed(video: Video): boolean {
  return video.file !== undefined && video.file.window.start === 0 && video.file.window.length === 0;
}
