/** Weights of Pillow's Lanczos filter (a = 3) as integers of 22 fractional bits (section 7.2). */
import { PRECISION } from "./rows/lanczos-rows.ts";

export interface LanczosAxis {
  /** the most taps that an output has; its weights are `weights[i·taps …]` */
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
}

/** The taps from `length` inputs, the first of which has the index `from`, to `size` outputs. */
export function lanczosAxis(from: number, length: number, size: number): LanczosAxis {
  const scale = length / size;
  const spread = Math.max(scale, 1);
  const support = 3 * spread;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const weights = new Int32Array(size * taps);
  const values = new Float64Array(taps);
  for (let i = 0; i < size; i += 1) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), length);
    let sum = 0;
    for (let k = 0; k < end - start; k += 1) {
      const value = lanczos3((k + start - centre + 0.5) * (1 / spread));
      values[k] = value;
      sum += value;
    }
    first[i] = from + start;
    count[i] = end - start;
    for (let k = 0; k < end - start; k += 1) {
      const scaled = (sum === 0 ? values[k]! : values[k]! / sum) * 2 ** PRECISION;
      weights[i * taps + k] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
  }
  return { taps, first, count, weights };
}

function lanczos3(x: number): number {
  return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}
