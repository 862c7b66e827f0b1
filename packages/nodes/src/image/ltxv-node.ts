/** `LTXVPreprocess`: gives a still picture the look of a compressed video frame. */
import { runFfmpeg } from "../files/ffmpeg.ts";
import { cropImage, joinBatches } from "../kernels/regions.ts";
import { fromLevel, toLevels } from "../kernels/levels.ts";
import { defineNode, floats, type Image, image, int, tensor } from "../sdk/index.ts";
import { singles } from "./batch-nodes.ts";

export const ltxvPreprocess = defineNode({
  name: "LTXVPreprocess",
  api: "schema",
  displayName: "LTXV Preprocess",
  category: "video/preprocessors",
  pythonModule: "comfy_extras.nodes_lt",
  inputs: {
    image: image(),
    img_compression: int({
      tooltip: "How strongly the picture is compressed.",
      default: 35,
      min: 0,
      max: 100,
    }),
  },
  outputs: [{ type: "IMAGE", name: "output_image" }],
  execute: async ({ image, img_compression }, context) => {
    if (img_compression === 0) return [image];
    const frames: Image[] = [];
    for (const frame of singles(image)) frames.push(await compressed(frame, img_compression, context.signal));
    return [joinBatches(frames)];
  },
});

/** One frame through H.264, whose sides are even, and back. */
async function compressed(frame: Image, crf: number, signal: AbortSignal): Promise<Image> {
  const [, h = 0, w = 0, channels = 3] = frame.shape;
  const [width, height] = [w - (w % 2), h - (h % 2)];
  const even = cropImage(frame, 0, 0, width, height);
  const levels = toLevels(even.data);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i += 1) rgb[i] = levels[Math.floor(i / 3) * channels + (i % 3)]!;
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`];
  // H.264 knows CRF 0 … 51; larger values count as the strongest.
  const encode = [
    "-c:v",
    "libx264",
    "-crf",
    String(Math.min(crf, 51)),
    "-pix_fmt",
    "yuv420p",
    "-f",
    "h264",
    "pipe:1",
  ];
  const video = await runFfmpeg([...raw, "-i", "pipe:0", ...encode], { input: [rgb], signal });
  const decode = [
    "-f",
    "h264",
    "-i",
    "pipe:0",
    "-frames:v",
    "1",
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "pipe:1",
  ];
  const decoded = await runFfmpeg(decode, { input: [video], signal });
  const data = floats(rgb.length);
  for (let i = 0; i < data.length; i += 1) data[i] = fromLevel(decoded[i]!);
  return tensor([1, height, width, 3], data);
}
