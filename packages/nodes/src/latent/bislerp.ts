/** Bislerp: resizing latents along great circles of their channel vectors, first width, then height (section 7.2). */
import { floats, type Tensor, tensor } from "../sdk/index.ts";
import { swapAxes } from "./axes.ts";

/** Resizes `[b,c,h,w]` to `[b,c,height,width]`. */
export function bislerp(samples: Tensor, width: number, height: number): Tensor {
  const wide = alongWidth(samples, width);
  return swapAxes(alongWidth(swapAxes(wide, 2, 3), height), 2, 3);
}

/** Positions and mixing ratios: ramps of indexes, interpolated linearly with half-pixel centres. */
function positions(from: number, to: number): { first: number[]; second: number[]; ratio: number[] } {
  const ramp = Array.from({ length: from }, (_, index) => index);
  const next = ramp.map((index) => Math.min(index + 1, from - 1));
  const scale = Math.fround(from / to);
  const at = (values: readonly number[], index: number): number => {
    const source = Math.max(Math.fround(Math.fround((index + 0.5) * scale) - 0.5), 0);
    const low = Math.floor(source);
    const rest = Math.fround(source - low);
    const a = values[low] ?? 0;
    const b = values[Math.min(low + 1, from - 1)] ?? a;
    return Math.fround(Math.fround((1 - rest) * a) + Math.fround(rest * b));
  };
  const firsts = Array.from({ length: to }, (_, index) => at(ramp, index));
  return {
    first: firsts.map(Math.trunc),
    second: Array.from({ length: to }, (_, index) => Math.trunc(at(next, index))),
    ratio: firsts.map((position) => Math.fround(position - Math.floor(position))),
  };
}

function alongWidth(samples: Tensor, to: number): Tensor {
  const [b = 1, c = 1, h = 1, w = 1] = samples.shape;
  const { first, second, ratio } = positions(w, to);
  const data = floats(b * c * h * to);
  const v1 = new Float32Array(c);
  const v2 = new Float32Array(c);
  for (let item = 0; item < b; item += 1) {
    for (let y = 0; y < h; y += 1) {
      for (let x = 0; x < to; x += 1) {
        for (let k = 0; k < c; k += 1) {
          const row = ((item * c + k) * h + y) * w;
          v1[k] = samples.data[row + (first[x] ?? 0)] ?? 0;
          v2[k] = samples.data[row + (second[x] ?? 0)] ?? 0;
        }
        slerp(v1, v2, ratio[x] ?? 0, (k, value) => {
          data[((item * c + k) * h + y) * to + x] = value;
        });
      }
    }
  }
  return tensor([b, c, h, to], data);
}

/** Spherical interpolation of directions, linear interpolation of lengths. */
function slerp(
  a: Float32Array,
  b: Float32Array,
  ratio: number,
  write: (index: number, value: number) => void,
): void {
  const normA = norm(a);
  const normB = norm(b);
  // A vector of length zero has no direction: it counts as the zero vector.
  const inverseA = normA === 0 ? 0 : 1 / normA;
  const inverseB = normB === 0 ? 0 : 1 / normB;
  let dot = 0;
  for (let k = 0; k < a.length; k += 1) dot += (a[k] ?? 0) * inverseA * ((b[k] ?? 0) * inverseB);
  const parallel = dot > 1 - 1e-5;
  const opposite = dot < 1e-5 - 1;
  const angle = Math.acos(Math.min(Math.max(dot, -1), 1));
  const sine = Math.sin(angle);
  const length = normA * (1 - ratio) + normB * ratio;
  const partA = (Math.sin((1 - ratio) * angle) / sine) * inverseA * length;
  const partB = (Math.sin(ratio * angle) / sine) * inverseB * length;
  for (let k = 0; k < a.length; k += 1) {
    const from = a[k] ?? 0;
    const to = b[k] ?? 0;
    if (parallel) write(k, from);
    else if (opposite) write(k, from * (1 - ratio) + to * ratio);
    else write(k, from * partA + to * partB);
  }
}

function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
