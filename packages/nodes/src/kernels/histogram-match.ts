/** Matching of cumulative histograms, channel by channel, on 8-bit levels. */
import type { Sample } from "./color-transfer.ts";

/**
 * @param strength share of the matched value in the result
 * @returns three values per pixel
 */
export function matchHistograms(
  image: Float32Array,
  from: number,
  pixels: number,
  channels: number,
  source: Sample,
  wanted: Sample,
  strength: number,
): Float64Array {
  const out = new Float64Array(pixels * 3);
  for (let c = 0; c < 3; c += 1) {
    const table = lookup(cumulative(source, c), cumulative(wanted, c));
    for (let i = 0; i < pixels; i += 1) {
      const value = image[from + i * channels + c]!;
      out[i * 3 + c] = value + (table[level(value)]! - value) * strength;
    }
  }
  return out;
}

function level(value: number): number {
  return Math.min(Math.max(Math.trunc(Math.fround(value * 255)), 0), 255);
}

function cumulative({ image, from, pixels, channels }: Sample, channel: number): Float64Array {
  const sums = new Float64Array(256);
  for (let i = 0; i < pixels; i += 1) {
    const bin = level(image[from + i * channels + channel]!);
    sums[bin] = sums[bin]! + 1;
  }
  for (let bin = 1; bin < 256; bin += 1) sums[bin] = sums[bin]! + sums[bin - 1]!;
  return sums.map((sum) => sum / pixels);
}

/** For each level, the first level at which the wanted distribution has passed as many pixels. */
function lookup(have: Float64Array, want: Float64Array): Float64Array {
  return Float64Array.from(have, (share) => {
    let bin = 0;
    while (bin < 255 && want[bin]! < share) bin += 1;
    return bin / 255;
  });
}
