/** PNG row filters (PNG specification, section 9), chosen per row by a sampled sum of absolute differences. */

export type FilteredRows = Buffer<ArrayBuffer>;

const SUB = 1;
const UP = 2;
const AVERAGE = 3;
/** One pixel in this many is looked at when a row's filter is chosen. */
const SAMPLE_EVERY = 16;

/** Rows `top…bottom−1` filtered, each after its filter byte. The row above `top` is used where there is one. */
export function filterRows(
  samples: Uint8Array,
  rowBytes: number,
  pixelBytes: number,
  top: number,
  bottom: number,
): FilteredRows {
  const out = Buffer.allocUnsafe((bottom - top) * (rowBytes + 1));
  for (let row = top, at = 0; row < bottom; row++, at += rowBytes + 1) {
    const start = row * rowBytes;
    // The first row has nothing above it, for which Sub is exact and the others are guesses.
    const filter = row === 0 ? SUB : chooseFilter(samples, start, rowBytes, pixelBytes);
    out[at] = filter;
    if (filter === SUB) subRow(samples, start, rowBytes, pixelBytes, out, at + 1);
    else if (filter === UP) upRow(samples, start, rowBytes, out, at + 1);
    else averageRow(samples, start, rowBytes, pixelBytes, out, at + 1);
  }
  return out;
}

/** The distance of a byte difference from zero, as the filters wrap it. */
function size(difference: number): number {
  const byte = difference & 255;
  return byte > 127 ? 256 - byte : byte;
}

function chooseFilter(samples: Uint8Array, start: number, rowBytes: number, pixelBytes: number): number {
  let sub = 0;
  let up = 0;
  let average = 0;
  const step = pixelBytes * SAMPLE_EVERY;
  for (let pixel = start + pixelBytes; pixel < start + rowBytes; pixel += step) {
    for (let at = pixel; at < pixel + pixelBytes; at++) {
      const value = samples[at] as number;
      const left = samples[at - pixelBytes] as number;
      const above = samples[at - rowBytes] as number;
      sub += size(value - left);
      up += size(value - above);
      average += size(value - ((left + above) >> 1));
    }
  }
  if (up <= sub && up <= average) return UP;
  return average < sub ? AVERAGE : SUB;
}

function subRow(from: Uint8Array, start: number, length: number, back: number, to: Buffer, at: number): void {
  for (let i = 0; i < back; i++) to[at + i] = from[start + i] as number;
  for (let i = back; i < length; i++) {
    to[at + i] = (from[start + i] as number) - (from[start + i - back] as number);
  }
}

function upRow(from: Uint8Array, start: number, length: number, to: Buffer, at: number): void {
  for (let i = 0; i < length; i++) {
    to[at + i] = (from[start + i] as number) - (from[start + i - length] as number);
  }
}

function averageRow(
  from: Uint8Array,
  start: number,
  length: number,
  back: number,
  to: Buffer,
  at: number,
): void {
  for (let i = 0; i < back; i++) {
    to[at + i] = (from[start + i] as number) - ((from[start + i - length] as number) >> 1);
  }
  for (let i = back; i < length; i++) {
    const left = from[start + i - back] as number;
    const above = from[start + i - length] as number;
    to[at + i] = (from[start + i] as number) - ((left + above) >> 1);
  }
}
