/** Row kernels of resampling: any separable filter, and nearest-exact. */
import { weightedSum } from "./weighted-sum.ts";

/** The taps of one axis: output i is the sum of `weights[i·taps + k]` times input `first[i] + k`. */
export interface ResampleArgs {
  readonly [key: string]: number | Float32Array | Float64Array | Int32Array;
  /** `[batch, sourceHeight, sourceWidth, channels]` */
  readonly source: Float32Array;
  /** `[batch, height, width, channels]` */
  readonly out: Float32Array;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly columnTaps: number;
  readonly columnFirst: Int32Array;
  readonly columnWeights: Float64Array;
  readonly rowTaps: number;
  readonly rowFirst: Int32Array;
  readonly rowWeights: Float64Array;
}

/**
 * First across, then down. Lines that were filtered across stay in a ring as long as an output row needs them, in
 * double precision: torch works in float32, and the exact sum lies within its error.
 */
export function resampleRows(args: ResampleArgs, from: number, to: number): void {
  const { out, sourceHeight, sourceWidth, channels, width, height, rowTaps, rowFirst, rowWeights } = args;
  const length = width * channels;
  const ring = new Float64Array(rowTaps * length);
  const held = new Int32Array(rowTaps).fill(-1);
  const offsets = new Int32Array(rowTaps);
  for (let row = from; row < to; row += 1) {
    const y = row % height;
    const top = ((row - y) / height) * sourceHeight;
    for (let k = 0; k < rowTaps; k += 1) {
      const line = top + rowFirst[y]! + k;
      const slot = line % rowTaps;
      offsets[k] = slot * length;
      if (held[slot] === line || rowWeights[y * rowTaps + k] === 0) continue;
      held[slot] = line;
      filterAcross(args, line * sourceWidth * channels, ring, slot * length);
    }
    weightedSum(
      out,
      row * length,
      ring,
      offsets,
      rowWeights.subarray(y * rowTaps, (y + 1) * rowTaps),
      rowTaps,
      length,
    );
  }
}

function filterAcross(
  { source, width, channels, columnTaps: taps, columnFirst: first, columnWeights: weights }: ResampleArgs,
  base: number,
  line: Float64Array,
  at: number,
): void {
  if (channels === 3 && taps === 4) return fourTapsOfColour(source, base, line, at, width, first, weights);
  if (channels === 3 && taps === 2) return twoTapsOfColour(source, base, line, at, width, first, weights);
  let to = at;
  for (let x = 0; x < width; x += 1) {
    const start = base + first[x]! * channels;
    for (let c = 0; c < channels; c += 1) {
      let sum = 0;
      for (let k = 0; k < taps; k += 1) sum += source[start + k * channels + c]! * weights[x * taps + k]!;
      line[to] = sum;
      to += 1;
    }
  }
}

function fourTapsOfColour(
  source: Float32Array,
  base: number,
  line: Float64Array,
  at: number,
  width: number,
  first: Int32Array,
  weights: Float64Array,
): void {
  let to = at;
  for (let x = 0; x < width; x += 1) {
    const s = base + first[x]! * 3;
    const a = weights[x * 4]!;
    const b = weights[x * 4 + 1]!;
    const c = weights[x * 4 + 2]!;
    const d = weights[x * 4 + 3]!;
    line[to] = source[s]! * a + source[s + 3]! * b + source[s + 6]! * c + source[s + 9]! * d;
    line[to + 1] = source[s + 1]! * a + source[s + 4]! * b + source[s + 7]! * c + source[s + 10]! * d;
    line[to + 2] = source[s + 2]! * a + source[s + 5]! * b + source[s + 8]! * c + source[s + 11]! * d;
    to += 3;
  }
}

function twoTapsOfColour(
  source: Float32Array,
  base: number,
  line: Float64Array,
  at: number,
  width: number,
  first: Int32Array,
  weights: Float64Array,
): void {
  let to = at;
  for (let x = 0; x < width; x += 1) {
    const s = base + first[x]! * 3;
    const a = weights[x * 2]!;
    const b = weights[x * 2 + 1]!;
    line[to] = source[s]! * a + source[s + 3]! * b;
    line[to + 1] = source[s + 1]! * a + source[s + 4]! * b;
    line[to + 2] = source[s + 2]! * a + source[s + 5]! * b;
    to += 3;
  }
}

export interface NearestArgs {
  readonly [key: string]: number | Float32Array | Int32Array;
  readonly source: Float32Array;
  readonly out: Float32Array;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  /** input column of each output column */
  readonly columns: Int32Array;
  /** input row of each output row */
  readonly lines: Int32Array;
}

/** Every output pixel is a copy of one input pixel. */
export function nearestRows(args: NearestArgs, from: number, to: number): void {
  const { source, out, sourceWidth, sourceHeight, channels, width, height, columns, lines } = args;
  for (let row = from; row < to; row += 1) {
    const y = row % height;
    const line = ((row - y) / height) * sourceHeight + lines[y]!;
    const base = line * sourceWidth * channels;
    let at = row * width * channels;
    for (let x = 0; x < width; x += 1) {
      const start = base + columns[x]! * channels;
      for (let c = 0; c < channels; c += 1) {
        out[at] = source[start + c]!;
        at += 1;
      }
    }
  }
}
