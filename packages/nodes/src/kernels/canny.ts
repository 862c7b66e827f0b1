/** Canny edges (Canny, PAMI 1986) as kornia computes them (section 7.3). */
import { floats, type Image, NodeError, tensor } from "../sdk/index.ts";
import { gaussianAxis } from "./convolve.ts";

const f = Math.fround;

/** Edges of `[b,h,w,3]` as 0 or 1 on three channels. @throws NodeError for other channels or crossed thresholds */
export function cannyEdges(image: Image, low: number, high: number): Image {
  const [batch = 1, height = 1, width = 1, channels = 1] = image.shape;
  if (low > high) throw new NodeError("The low threshold must not be above the high one", "AssertionError");
  if (channels !== 3) {
    throw new NodeError(
      `Edges are found in pictures of 3 channels, but this one has ${channels}`,
      "RuntimeError",
    );
  }
  if (width < 3 || height < 3)
    throw new NodeError("Edges need a picture of 3x3 pixels or more", "RuntimeError");
  const size = width * height;
  const data = floats(batch * size * 3);
  for (let b = 0; b < batch; b += 1) {
    const grey = new Float32Array(size);
    for (let i = 0; i < size; i += 1) {
      const at = (b * size + i) * 3;
      grey[i] =
        f(f(f(0.299) * image.data[at]!) + f(f(0.587) * image.data[at + 1]!)) +
        f(f(0.114) * image.data[at + 2]!);
    }
    const edges = edgesOf(grey, width, height, low, high);
    for (let i = 0; i < size; i += 1) data.fill(edges[i]!, (b * size + i) * 3, (b * size + i) * 3 + 3);
  }
  return tensor([batch, height, width, 3], data);
}

function edgesOf(grey: Float32Array, width: number, height: number, low: number, high: number): Uint8Array {
  const smooth = gaussian5(grey, width, height);
  const magnitude = new Float32Array(grey.length);
  const direction = new Int8Array(grey.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (dx: number, dy: number): number =>
        smooth[Math.min(Math.max(y + dy, 0), height - 1) * width + Math.min(Math.max(x + dx, 0), width - 1)]!;
      const gx = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
      const gy = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
      magnitude[y * width + x] = Math.sqrt(gx * gx + gy * gy + 1e-6);
      direction[y * width + x] = Math.round((Math.atan2(gy, gx) * 4) / Math.PI);
    }
  }
  const thin = suppressed(magnitude, direction, width, height);
  return hysteresis(thin, width, height, low, high);
}

function gaussian5(grey: Float32Array, width: number, height: number): Float32Array {
  // `gaussianAxis` counts sigma in half-kernels: σ = 1 pixel is half of a radius of 2.
  const weights = gaussianAxis(2, 0.5);
  const mirrored = (i: number, n: number): number => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);
  const across = new Float64Array(grey.length);
  const out = new Float32Array(grey.length);
  for (let i = 0; i < grey.length; i += 1) {
    const x = i % width;
    let sum = 0;
    for (let k = -2; k <= 2; k += 1) sum += weights[k + 2]! * grey[i - x + mirrored(x + k, width)]!;
    across[i] = sum;
  }
  for (let i = 0; i < grey.length; i += 1) {
    const x = i % width;
    const y = (i - x) / width;
    let sum = 0;
    for (let k = -2; k <= 2; k += 1) sum += weights[k + 2]! * across[mirrored(y + k, height) * width + x]!;
    out[i] = sum;
  }
  return out;
}

/** Steps in eighths of a turn, clockwise from the right. */
const STEPS: readonly (readonly [dx: number, dy: number])[] = [
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
];

function suppressed(
  magnitude: Float32Array,
  direction: Int8Array,
  width: number,
  height: number,
): Float32Array {
  const out = new Float32Array(magnitude.length);
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : magnitude[y * width + x]!;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const i = y * width + x;
      const [dx, dy] = STEPS[(direction[i]! + 8) % 8]!;
      const value = magnitude[i]!;
      if (value > at(x + dx, y + dy) && value > at(x - dx, y - dy)) out[i] = value;
    }
  }
  return out;
}

/** Weak pixels that touch strong ones, directly or through others, become edges. */
function hysteresis(
  magnitude: Float32Array,
  width: number,
  height: number,
  low: number,
  high: number,
): Uint8Array {
  const edges = new Uint8Array(magnitude.length);
  const open: number[] = [];
  for (let i = 0; i < magnitude.length; i += 1) {
    if (magnitude[i]! > high) {
      edges[i] = 1;
      open.push(i);
    }
  }
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    const x = from % width;
    const y = (from - x) / width;
    for (const [dx, dy] of STEPS) {
      const [nx, ny] = [x + dx, y + dy];
      if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
      const i = ny * width + nx;
      if (edges[i] === 0 && magnitude[i]! > low) {
        edges[i] = 1;
        open.push(i);
      }
    }
  }
  return edges;
}
