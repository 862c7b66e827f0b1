/** Levelling the first frames of a clip. */
import { type Tensor } from "../sdk/index.ts";
import { concatAlong, mapValues, sliceAlong } from "./axes.ts";

/** How far mean and deviation may move: limits of the Kandinsky 5 image-to-video pipeline. */
const MEAN_DOWN = 0.3;
const MEAN_UP = 0.35;
const DEVIATION_DOWN = 0.35;
const DEVIATION_UP = 0.5;

/**
 * Gives the first `startCount` frames of each clip of `[b,c,t,h,w]` the mean and deviation of the `referenceCount`
 * frames after them, within limits.
 */
export function normalizeStart(samples: Tensor, startCount: number, referenceCount: number): Tensor {
  const [batch = 0, , length = 0] = samples.shape;
  if (startCount >= length) return samples;
  const clips = Array.from({ length: batch }, (_, index) => {
    const clip = sliceAlong(samples, 0, index, index + 1);
    const start = sliceAlong(clip, 2, 0, startCount);
    const own = moments(start.data);
    const reference = moments(sliceAlong(clip, 2, startCount, startCount + referenceCount).data);
    const mean = clamp(reference.mean, own.mean - MEAN_DOWN, own.mean + MEAN_UP);
    const deviation = clamp(
      reference.deviation,
      own.deviation - DEVIATION_DOWN,
      own.deviation + DEVIATION_UP,
    );
    const leveled = mapValues(start, (value) => ((value - own.mean) / own.deviation) * deviation + mean);
    return concatAlong([leveled, sliceAlong(clip, 2, startCount, length)], 2);
  });
  return concatAlong(clips, 0);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Mean and sample deviation (n − 1). */
function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}
