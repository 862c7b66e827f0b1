/** Pillow's 8-bit resampling: integer weights of 22 fractional bits, across then down, 8 bits in between. */

export const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

export interface LanczosArgs {
  readonly [key: string]: number | Float32Array | Int32Array;
  /** `[batch, sourceHeight, sourceWidth, channels]`, 0…1 */
  readonly source: Float32Array;
  readonly out: Float32Array;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly columnTaps: number;
  readonly columnFirst: Int32Array;
  readonly columnCount: Int32Array;
  readonly columnWeights: Int32Array;
  readonly rowTaps: number;
  readonly rowFirst: Int32Array;
  readonly rowCount: Int32Array;
  readonly rowWeights: Int32Array;
}

/** 8-bit level → float32 value. */
const LEVELS = Float32Array.from({ length: 256 }, (_, level) => level / 255);

export function lanczosRows(args: LanczosArgs, from: number, to: number): void {
  const { out, sourceHeight, channels, width, height, rowTaps, rowFirst, rowCount, rowWeights } = args;
  const length = width * channels;
  // Lines are padded to whole words: the sums down read four levels at once.
  const stride = (length + 3) & ~3;
  const ring = new Uint8Array(rowTaps * stride);
  const words = new Uint32Array(ring.buffer);
  const held = new Int32Array(rowTaps).fill(-1);
  const offsets = new Int32Array(rowTaps);
  const bytes = new Uint8Array(args.sourceWidth * channels);
  const pixels = channels === 3 ? new Uint32Array(args.sourceWidth) : undefined;
  for (let row = from; row < to; row += 1) {
    const y = row % height;
    const first = ((row - y) / height) * sourceHeight + rowFirst[y]!;
    const count = rowCount[y]!;
    for (let k = 0; k < count; k += 1) {
      const line = first + k;
      const slot = line % rowTaps;
      offsets[k] = slot * (stride >> 2);
      if (held[slot] === line) continue;
      held[slot] = line;
      if (pixels === undefined) {
        quantiseLine(args.source, line * bytes.length, bytes);
        filterAcross(args, bytes, ring, slot * stride);
      } else {
        packLine(args.source, line * bytes.length, pixels);
        filterColourAcross(args, pixels, ring, slot * stride);
      }
    }
    sumDown(words, offsets, rowWeights, y * rowTaps, count, out, row * length, length);
  }
}

/** Levels by truncation, in float32 as the node's conversion does it. */
function quantiseLine(source: Float32Array, at: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i += 1) {
    const value = Math.fround(source[at + i]! * 255);
    bytes[i] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
}

function levelOf(value: number): number {
  const scaled = Math.fround(value * 255);
  return scaled <= 0 ? 0 : scaled >= 255 ? 255 : scaled | 0;
}

/** The three levels of a pixel in one word. */
function packLine(source: Float32Array, at: number, pixels: Uint32Array): void {
  for (let x = 0, i = at; x < pixels.length; x += 1, i += 3) {
    pixels[x] = levelOf(source[i]!) | (levelOf(source[i + 1]!) << 8) | (levelOf(source[i + 2]!) << 16);
  }
}

/** The integer part of a sum, held in 0…255. */
function level(sum: number): number {
  const value = sum >> PRECISION;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function filterAcross(args: LanczosArgs, bytes: Uint8Array, ring: Uint8Array, at: number): void {
  const { width, channels, columnTaps: taps, columnFirst, columnCount, columnWeights: weights } = args;
  let to = at;
  for (let x = 0; x < width; x += 1) {
    for (let c = 0; c < channels; c += 1) {
      let sum = HALF;
      let from = columnFirst[x]! * channels + c;
      const end = x * taps + columnCount[x]!;
      for (let k = x * taps; k < end; k += 1) {
        sum = (sum + Math.imul(bytes[from]!, weights[k]!)) | 0;
        from += channels;
      }
      ring[to] = level(sum);
      to += 1;
    }
  }
}

/** Pictures of three channels: one read brings a pixel. */
function filterColourAcross(args: LanczosArgs, pixels: Uint32Array, ring: Uint8Array, at: number): void {
  const { width, columnTaps: taps, columnFirst, columnCount, columnWeights: weights } = args;
  let to = at;
  for (let x = 0; x < width; x += 1) {
    let from = columnFirst[x]!;
    const end = x * taps + columnCount[x]!;
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (let k = x * taps; k < end; k += 1) {
      const weight = weights[k]!;
      const pixel = pixels[from]!;
      red = (red + Math.imul(pixel & 255, weight)) | 0;
      green = (green + Math.imul((pixel >> 8) & 255, weight)) | 0;
      blue = (blue + Math.imul(pixel >> 16, weight)) | 0;
      from += 1;
    }
    ring[to] = level(red);
    ring[to + 1] = level(green);
    ring[to + 2] = level(blue);
    to += 3;
  }
}

function sumDown(
  words: Uint32Array,
  offsets: Int32Array,
  weights: Int32Array,
  firstWeight: number,
  count: number,
  out: Float32Array,
  outAt: number,
  length: number,
): void {
  let i = 0;
  // Four columns at once: weights and offsets are read once for them.
  for (; i + 4 <= length; i += 4) {
    let a = HALF;
    let b = HALF;
    let c = HALF;
    let d = HALF;
    for (let k = 0; k < count; k += 1) {
      const weight = weights[firstWeight + k]!;
      const word = words[offsets[k]! + (i >> 2)]!;
      a = (a + Math.imul(word & 255, weight)) | 0;
      b = (b + Math.imul((word >> 8) & 255, weight)) | 0;
      c = (c + Math.imul((word >> 16) & 255, weight)) | 0;
      d = (d + Math.imul(word >>> 24, weight)) | 0;
    }
    out[outAt + i] = LEVELS[level(a)]!;
    out[outAt + i + 1] = LEVELS[level(b)]!;
    out[outAt + i + 2] = LEVELS[level(c)]!;
    out[outAt + i + 3] = LEVELS[level(d)]!;
  }
  for (; i < length; i += 1) {
    let sum = HALF;
    for (let k = 0; k < count; k += 1) {
      const value = (words[offsets[k]! + (i >> 2)]! >> ((i & 3) * 8)) & 255;
      sum = (sum + Math.imul(value, weights[firstWeight + k]!)) | 0;
    }
    out[outAt + i] = LEVELS[level(sum)]!;
  }
}
