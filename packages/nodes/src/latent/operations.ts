/** Operations on latents that may also be applied while sampling. */
import { floats, NodeError, type Tensor, tensor } from "../sdk/index.ts";

/** A function of a batch `[b,c,h,w]`. */
export type LatentOperation = (samples: Tensor) => Tensor;

/** Length of the channel vector of every cell: `[b,1,cells]`. */
function channelNorms({ data, shape }: Tensor): { norms: Float64Array; cells: number; channels: number } {
  const [batch = 1, channels = 1] = shape;
  const cells = data.length / (batch * channels);
  const norms = new Float64Array(batch * cells);
  for (let index = 0; index < data.length; index += 1) {
    const item = Math.floor(index / (cells * channels));
    const at = item * cells + (index % cells);
    norms[at] = (norms[at] ?? 0) + (data[index] ?? 0) ** 2;
  }
  return { norms: norms.map(Math.sqrt), cells, channels };
}

/**
 * Reinhard tone mapping of the lengths of the channel vectors: `x / (x + 1)` in units of the brightest value, which is
 * `(5 · deviation + mean) · multiplier` of the lengths of each item.
 */
export function tonemapReinhard(multiplier: number): LatentOperation {
  return (samples) => {
    const { norms, cells, channels } = channelNorms(samples);
    const lengths = norms.map((length) => length + 1e-10);
    const scales = new Float64Array(norms.length);
    for (let start = 0; start < lengths.length; start += cells) {
      const part = lengths.subarray(start, start + cells);
      const mean = part.reduce((sum, length) => sum + length, 0) / cells;
      const squares = part.reduce((sum, length) => sum + (length - mean) ** 2, 0);
      const top = (Math.sqrt(squares / (cells - 1)) * 5 + mean) * multiplier;
      part.forEach((length, index) => {
        const relative = length / top;
        scales[start + index] = ((relative / (relative + 1)) * top) / length;
      });
    }
    const data = floats(samples.data.length);
    for (let index = 0; index < data.length; index += 1) {
      const item = Math.floor(index / (cells * channels));
      data[index] = (samples.data[index] ?? 0) * (scales[item * cells + (index % cells)] ?? 0);
    }
    return tensor(samples.shape, data);
  };
}

/**
 * Sharpens the directions of the channel vectors; their lengths stay as factors. The kernel is the identity minus a
 * Gaussian on −1…1, times `10 · alpha`; borders are mirrored.
 */
export function sharpen(radius: number, sigma: number, alpha: number): LatentOperation {
  const kernel = sharpenKernel(radius, sigma, alpha);
  return (samples) => {
    const [h = 1, w = 1] = samples.shape.slice(-2);
    if (radius >= h || radius >= w) {
      throw new NodeError(`a radius of ${radius} does not fit a latent of ${w}x${h} cells`, "RuntimeError");
    }
    const { norms, cells, channels } = channelNorms(samples);
    const data = floats(samples.data.length);
    const directions = new Float64Array(cells);
    for (let plane = 0; plane < samples.data.length / cells; plane += 1) {
      const item = Math.floor(plane / channels) * cells;
      for (let cell = 0; cell < cells; cell += 1) {
        directions[cell] = (samples.data[plane * cells + cell] ?? 0) / ((norms[item + cell] ?? 0) + 1e-6);
      }
      for (let cell = 0; cell < cells; cell += 1) {
        const value = convolveAt(directions, w, h, cell % w, Math.floor(cell / w), kernel, radius);
        data[plane * cells + cell] = value * ((norms[item + cell] ?? 0) + 1e-6);
      }
    }
    return tensor(samples.shape, data);
  };
}

function sharpenKernel(radius: number, sigma: number, alpha: number): Float64Array {
  const size = 2 * radius + 1;
  const at = (index: number): number => (index - radius) / radius;
  const kernel = Float64Array.from({ length: size * size }, (_, index) => {
    const squared = at(index % size) ** 2 + at(Math.floor(index / size)) ** 2;
    return Math.exp(-squared / (2 * sigma * sigma));
  });
  const total = kernel.reduce((sum, weight) => sum + weight, 0);
  const scaled = kernel.map((weight) => (weight / total) * alpha * -10);
  const center = radius * size + radius;
  scaled[center] = (scaled[center] ?? 0) + alpha * 10 + 1;
  return scaled;
}

/** Index of a mirrored border: −1 is 1, `length` is `length − 2`. */
function mirror(index: number, length: number): number {
  const positive = Math.abs(index);
  return positive < length ? positive : 2 * (length - 1) - positive;
}

function convolveAt(
  plane: Float64Array,
  width: number,
  height: number,
  x: number,
  y: number,
  kernel: Float64Array,
  radius: number,
): number {
  const size = 2 * radius + 1;
  let sum = 0;
  for (let j = 0; j < size; j += 1) {
    const row = mirror(y + j - radius, height) * width;
    for (let i = 0; i < size; i += 1) {
      sum += (kernel[j * size + i] ?? 0) * (plane[row + mirror(x + i - radius, width)] ?? 0);
    }
  }
  return sum;
}
