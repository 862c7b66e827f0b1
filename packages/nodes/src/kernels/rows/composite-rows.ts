/** Mixing a region of a picture with another one under a mask. */

export interface CompositeArgs {
  readonly [key: string]: number | Float32Array;
  /** `[batch, height, width, channels]`, holds the destination already */
  readonly out: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** `[sourceBatch, sourceHeight, sourceWidth, channels]`; the batch repeats */
  readonly source: Float32Array;
  readonly sourceBatch: number;
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  /** `[maskBatch, sourceHeight, sourceWidth]`; empty means 1 everywhere; the batch repeats */
  readonly mask: Float32Array;
  readonly maskBatch: number;
  /** where the source's corner lies in the destination; may be outside */
  readonly left: number;
  readonly top: number;
}

/** out = mask·source + (1 − mask)·out where the source lies, in float32 as torch. */
export function compositeRows(args: CompositeArgs, from: number, to: number): void {
  const { out, width, height, channels, source, sourceBatch, sourceWidth, sourceHeight, mask, maskBatch } =
    args;
  const { left, top } = args;
  const firstColumn = Math.max(left, 0);
  const endColumn = Math.min(left + sourceWidth, width);
  const fround = Math.fround;
  for (let row = from; row < to; row += 1) {
    const y = row % height;
    const b = (row - y) / height;
    const sourceY = y - top;
    if (sourceY < 0 || sourceY >= sourceHeight || firstColumn >= endColumn) continue;
    let at = (row * width + firstColumn) * channels;
    const sourceLine = (b % sourceBatch) * sourceHeight + sourceY;
    let take = (sourceLine * sourceWidth + firstColumn - left) * channels;
    if (mask.length === 0) {
      out.set(source.subarray(take, take + (endColumn - firstColumn) * channels), at);
      continue;
    }
    let weigh = ((b % maskBatch) * sourceHeight + sourceY) * sourceWidth + firstColumn - left;
    for (let x = firstColumn; x < endColumn; x += 1) {
      const share = mask[weigh]!;
      const rest = fround(1 - share);
      weigh += 1;
      for (let c = 0; c < channels; c += 1) {
        out[at] = fround(share * source[take]!) + fround(rest * out[at]!);
        at += 1;
        take += 1;
      }
    }
  }
}
