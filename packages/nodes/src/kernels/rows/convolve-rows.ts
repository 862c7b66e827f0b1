/** Separable convolution with mirrored borders, as blur, or combined with the picture to sharpen it. */
import { weightedSum } from "./weighted-sum.ts";

export interface ConvolveArgs {
  readonly [key: string]: number | Float32Array | Float64Array;
  /** `[batch, height, width, channels]` */
  readonly source: Float32Array;
  readonly out: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** one axis of the kernel, of odd length */
  readonly weights: Float64Array;
  /** s: the result is (1 + s)·picture − s·blurred, held in 0…1; −1 leaves the blurred picture as it is */
  readonly sharpening: number;
}

/** Mirrors without repeating the border: −1 → 1, n → n − 2. */
function mirrored(index: number, length: number): number {
  if (index < 0) return -index;
  return index >= length ? 2 * (length - 1) - index : index;
}

export function convolveRows(args: ConvolveArgs, from: number, to: number): void {
  const { source, out, width, height, channels, weights, sharpening } = args;
  const taps = weights.length;
  const radius = (taps - 1) / 2;
  const length = width * channels;
  const padded = new Float64Array((width + 2 * radius) * channels);
  const ring = new Float64Array(taps * length);
  const held = new Int32Array(taps).fill(-1);
  const down = new Int32Array(taps);
  const across = Int32Array.from(weights, (_, k) => k * channels);
  const sum = new Float64Array(length);
  for (let row = from; row < to; row += 1) {
    const y = row % height;
    const top = row - y;
    // Mirrored lines near a border are in the window already, or in no other line's slot: slots go by the line itself.
    for (let k = 0; k < taps; k += 1) {
      const line = top + mirrored(y + k - radius, height);
      const slot = line % taps;
      down[k] = slot * length;
      if (held[slot] === line) continue;
      held[slot] = line;
      padLine(source, line * length, padded, width, channels, radius);
      weightedSum(ring, slot * length, padded, across, weights, taps, length);
    }
    weightedSum(sum, 0, ring, down, weights, taps, length);
    const at = row * length;
    if (sharpening < 0) {
      out.set(sum, at);
    } else {
      for (let i = 0; i < length; i += 1) {
        const value = source[at + i]! * (1 + sharpening) - sum[i]! * sharpening;
        out[at + i] = value <= 0 ? 0 : value >= 1 ? 1 : value;
      }
    }
  }
}

function padLine(
  source: Float32Array,
  at: number,
  padded: Float64Array,
  width: number,
  channels: number,
  radius: number,
): void {
  const length = width * channels;
  const start = radius * channels;
  for (let i = 0; i < length; i += 1) padded[start + i] = source[at + i]!;
  for (let pad = 0; pad < radius; pad += 1) {
    for (let c = 0; c < channels; c += 1) {
      padded[pad * channels + c] = source[at + mirrored(pad - radius, width) * channels + c]!;
      padded[(radius + width + pad) * channels + c] =
        source[at + mirrored(width + pad, width) * channels + c]!;
    }
  }
}
