/** Nodes that pick frames of a video. The result is made of components, without sound. */
import { Mt19937 } from "../kernels/random.ts";
import { randomBelow } from "../image/transform-nodes.ts";
import { defineNode } from "../sdk/define-node.ts";
import { bigInt, choice, input, int } from "../sdk/inputs.ts";
import { pickFrames, Video } from "./video.ts";

const module = { api: "schema", pythonModule: "comfy_extras.nodes_dataset", experimental: true } as const;
const outputs = [{ type: "VIDEO", name: "video", tooltip: "The frames as a video." }];
const LARGEST_SEED = 18446744073709551615n;
const video = input<Video>("VIDEO", { tooltip: "The source of the frames." });
const seed = bigInt({ tooltip: "Seed of the choice.", default: 0, min: 0, max: LARGEST_SEED });

/** Only these frames, in the order given. `choose` gets the number of frames. */
async function chosen(
  given: Video,
  choose: (count: number) => readonly number[],
  signal: AbortSignal,
): Promise<Video> {
  const { images, frameRate, bitDepth, colorSpace } = await given.components(signal);
  const numbers = choose(images.shape[0] ?? 0);
  return Video.ofComponents({ images: pickFrames(images, numbers), frameRate, bitDepth, colorSpace });
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}

/** NumPy's legacy generator takes seeds below 2^32 − 1. */
function generator(value: number | bigint): Mt19937 {
  return new Mt19937(BigInt(value) % 4294967295n);
}

/** `wanted` of `count` numbers in ascending order: the start of a legacy NumPy permutation. */
function randomNumbers(count: number, wanted: number, from: Mt19937): number[] {
  const order = range(0, count);
  for (let last = count - 1; last > 0; last--) {
    const other = randomBelow(from, last + 1);
    const moved = order[last] as number;
    order[last] = order[other] as number;
    order[other] = moved;
  }
  return order.slice(0, wanted).sort((a, b) => a - b);
}

export const videoFrameSampleNode = defineNode({
  ...module,
  name: "VideoFrameSample",
  displayName: "Sample Video Frame",
  category: "video",
  searchAliases: ["sample frames", "extract frames"],
  inputs: {
    video,
    num_frames: int({ tooltip: "How many frames.", default: 16, min: 1, max: 9999 }),
    strategy: choice(["uniform", "head", "tail", "random"], { tooltip: "Which frames.", default: "uniform" }),
    seed,
  },
  outputs,
  execute: async (given, { signal }) => {
    const choose = (count: number): number[] => {
      const wanted = Math.min(given.num_frames, count);
      switch (given.strategy) {
        case "head":
          return range(0, wanted);
        case "tail":
          return range(count - wanted, wanted);
        case "random":
          return randomNumbers(count, wanted, generator(given.seed));
        case "uniform":
          // The middle of each of `wanted` equal parts.
          return range(0, wanted).map((part) => Math.floor(((part + 0.5) * count) / wanted));
      }
    };
    return [await chosen(given.video, choose, signal)];
  },
});

export const videoTemporalCropNode = defineNode({
  ...module,
  name: "VideoTemporalCrop",
  displayName: "Crop Video (Temporal)",
  category: "video/transform",
  searchAliases: ["crop", "crop video", "temporal crop", "truncate video"],
  inputs: {
    video,
    start_frame: int({ tooltip: "The first frame that stays.", default: 0, min: 0, max: 99_999 }),
    length: int({ tooltip: "How many frames stay.", default: 16, min: 1, max: 99_999 }),
  },
  outputs,
  execute: async ({ video: source, start_frame, length }, { signal }) => {
    const choose = (count: number): number[] => {
      const start = Math.min(start_frame, count - 1);
      return range(start, Math.min(length, count - start));
    };
    return [await chosen(source, choose, signal)];
  },
});

export const videoRandomTemporalCropNode = defineNode({
  ...module,
  name: "VideoRandomTemporalCrop",
  displayName: "Crop Video (Temporal Random)",
  category: "video/transform",
  searchAliases: ["crop", "crop video", "temporal crop", "truncate video", "random crop"],
  inputs: {
    video,
    length: int({ tooltip: "How many frames stay.", default: 16, min: 1, max: 99_999 }),
    seed,
  },
  outputs,
  execute: async (given, { signal }) => {
    const choose = (count: number): number[] => {
      const kept = Math.min(given.length, count);
      return range(randomBelow(generator(given.seed), count - kept + 1), kept);
    };
    return [await chosen(given.video, choose, signal)];
  },
});
