/**
 * Resampling of tensors whose last two axes are height and width (latents, masks).
 * The rules are those of section 7.2: half-pixel centres, no antialias, float32 results.
 */
import { floats, NodeError, type Tensor, tensor } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { bislerp } from "./bislerp.ts";
import { sliceAlong, swapAxes } from "./axes.ts";

export type LatentResampling = "nearest-exact" | "bilinear" | "area" | "bicubic" | "bislerp";

/**
 * Resizes `[b,c,h,w]` (or `[b,c,t,h,w]`, frame by frame) to `width` × `height` cells.
 * @param crop `center` cuts the longer side first, so that the proportions stay
 */
export function commonUpscale(
  samples: Tensor,
  width: number,
  height: number,
  method: LatentResampling,
  crop: "disabled" | "center",
): Tensor {
  const cropped = crop === "center" ? centerCrop(samples, width, height) : samples;
  if (method !== "bislerp") return resizePlanes(cropped, width, height, method);
  if (cropped.shape.length === 4) return bislerp(cropped, width, height);
  // Bislerp works on the channel vectors of pictures: frames become part of the batch.
  const [b = 1, c = 1, t = 1, h = 1, w = 1] = cropped.shape;
  const frames = tensor([b * t, c, h, w], swapAxes(cropped, 1, 2).data);
  return swapAxes(tensor([b, t, c, height, width], bislerp(frames, width, height).data), 1, 2);
}

function centerCrop(samples: Tensor, width: number, height: number): Tensor {
  const [h = 1, w = 1] = samples.shape.slice(-2);
  const aspect = w / h;
  const wanted = width / height;
  if (aspect > wanted) {
    const x = roundHalfEven((w - w * (wanted / aspect)) / 2);
    return sliceAlong(samples, -1, x, w - x);
  }
  const y = aspect < wanted ? roundHalfEven((h - h * (aspect / wanted)) / 2) : 0;
  return y === 0 ? samples : sliceAlong(samples, -2, y, h - y);
}

/** One output position as a weighted sum of input positions. */
interface Taps {
  readonly indexes: readonly number[];
  readonly weights: readonly number[];
}

/** Resizes each plane of the last two axes. */
export function resizePlanes(
  given: Tensor,
  width: number,
  height: number,
  method: Exclude<LatentResampling, "bislerp">,
): Tensor {
  const [h = 1, w = 1] = given.shape.slice(-2);
  if (width < 1 || height < 1 || h < 1 || w < 1) {
    throw new NodeError(
      `Input and output sizes should be greater than 0, but got ${w}x${h} and ${width}x${height}`,
      "RuntimeError",
    );
  }
  if (h === height && w === width) return given;
  const rows = Array.from({ length: height }, (_, y) => taps(y, h, height, method));
  const columns = Array.from({ length: width }, (_, x) => taps(x, w, width, method));
  const planes = given.data.length / (h * w);
  const data = floats(planes * height * width);
  let out = 0;
  for (let plane = 0; plane < planes; plane += 1) {
    for (const row of rows) {
      for (const column of columns) {
        data[out] = weigh(given.data, plane * h * w, w, row, column);
        out += 1;
      }
    }
  }
  return tensor([...given.shape.slice(0, -2), height, width], data);
}

function weigh(data: Float32Array, base: number, stride: number, row: Taps, column: Taps): number {
  let sum = 0;
  for (let i = 0; i < row.indexes.length; i += 1) {
    const line = base + (row.indexes[i] ?? 0) * stride;
    let part = 0;
    for (let j = 0; j < column.indexes.length; j += 1) {
      part += (data[line + (column.indexes[j] ?? 0)] ?? 0) * (column.weights[j] ?? 0);
    }
    sum += part * (row.weights[i] ?? 0);
  }
  return sum;
}

function taps(at: number, from: number, to: number, method: Exclude<LatentResampling, "bislerp">): Taps {
  const scale = Math.fround(from / to);
  if (method === "nearest-exact") {
    return { indexes: [Math.min(Math.floor(Math.fround((at + 0.5) * scale)), from - 1)], weights: [1] };
  }
  if (method === "area") {
    const first = Math.floor((at * from) / to);
    const last = Math.ceil(((at + 1) * from) / to);
    const indexes = Array.from({ length: last - first }, (_, i) => first + i);
    return { indexes, weights: indexes.map(() => 1 / indexes.length) };
  }
  const center = Math.fround(Math.fround((at + 0.5) * scale) - 0.5);
  if (method === "bilinear") {
    const source = Math.max(center, 0);
    const low = Math.floor(source);
    const rest = Math.fround(source - low);
    return { indexes: [low, Math.min(low + 1, from - 1)], weights: [1 - rest, rest] };
  }
  const low = Math.floor(center);
  const rest = Math.fround(center - low);
  return {
    indexes: [-1, 0, 1, 2].map((offset) => Math.min(Math.max(low + offset, 0), from - 1)),
    weights: [rest + 1, rest, 1 - rest, 2 - rest].map(cubic),
  };
}

/** The cubic convolution kernel of Keys (1981) with A = −0.75 at distance `x` (0…2). */
function cubic(x: number): number {
  const a = -0.75;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}
