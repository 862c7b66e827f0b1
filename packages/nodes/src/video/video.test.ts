import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import type { JsonValue } from "@hearth/protocol";
import { type GoldenOptions, goldenSuite } from "../testing/golden-cases.ts";
import { generate, type GeneratorSpec } from "../testing/generator.ts";
import type { Tensor } from "../sdk/tensor.ts";
import { Video } from "./video.ts";
import { checkFiles } from "../files/recorded-files.ts";
import { videoNodes } from "./index.ts";
import { saveVideoNode } from "./save-video-node.ts";
import { testContext } from "../testing/test-context.ts";

interface Recorded {
  readonly images: { $tensor: JsonValue };
  readonly fps: [number, number];
  readonly audio?: { waveform: { $tensor: JsonValue }; sample_rate: number };
}

const made = (given: { $tensor: JsonValue }): Tensor => generate(given.$tensor as unknown as GeneratorSpec);

const options: GoldenOptions = {
  make: {
    $video: (payload) => {
      const { images, fps, audio } = payload as unknown as Recorded;
      return Video.ofComponents({
        images: made(images),
        frameRate: fps,
        bitDepth: 8,
        colorSpace: "sRGB",
        ...(audio === undefined
          ? {}
          : { audio: { waveform: made(audio.waveform), sample_rate: Number(audio.sample_rate) } }),
      });
    },
  },
  describe: (value) => {
    if (!(value instanceof Video) || !("images" in value.source)) return undefined;
    const { images, frameRate, audio } = value.source;
    return { $video: { images, fps: [...frameRate], ...(audio === undefined ? {} : { audio }) } };
  },
};

goldenSuite(videoNodes, { ...options, check: checkFiles });

test("HDR is saved with 10 bits and its transfer function, and a second save copies the streams", async () => {
  using run = testContext();
  const images = generate({ shape: [4, 64, 64, 3], kind: "grad" });
  const video = Video.ofComponents({ images, frameRate: [8, 1], bitDepth: 10, colorSpace: "sRGB" });
  const save = async (given: Video, format: object): Promise<Video> => {
    const returned = await saveVideoNode.execute({ video: given, filename_prefix: "v", format }, run.context);
    const [entry] = (returned as { ui: { images: { filename: string }[] } }).ui.images;
    return Video.ofFile(path.join(run.context.folders.output, entry?.filename ?? ""));
  };
  const encoding = { encoding: "re-encode", crf: 20, color_space: "HDR" };
  const saved = await save(video, { format: "mp4", codec: { codec: "h264", encoding } });
  const copied = await save(saved, { format: "auto", codec: { codec: "auto" } });
  for (const file of [saved, copied]) {
    const parts = await file.components();
    assert.deepEqual([parts.bitDepth, parts.colorSpace, parts.images.shape[0]], [10, "HDR", 4]);
  }
  const late = await (
    await copied.trimmed({ start: 0.25, length: 0 }, false)
  ).trimmed({ start: 0, length: 0.125 }, true);
  assert.equal((await late.components()).images.shape[0], 1);
  await assert.rejects(copied.trimmed({ start: 0.25, length: 9 }, true), /Failed to slice video/);
});
