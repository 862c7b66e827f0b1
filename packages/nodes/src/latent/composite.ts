/** Pasting latents. */
import { floats, type Mask, type Tensor, tensor } from "../sdk/index.ts";
import { repeatToBatch, sliceAlong, sliceBound } from "./axes.ts";
import { resizePlanes } from "./resize.ts";

/** A copy of `target` in which the region at (left, top) becomes `mask · source + (1 − mask) · target`. */
function blendRegion(
  target: Tensor,
  source: Tensor,
  mask: Tensor | undefined,
  left: number,
  top: number,
): Tensor {
  const [h = 1, w = 1] = target.shape.slice(-2);
  const [rows = 0, columns = 0] = source.shape.slice(-2);
  const planes = target.data.length / (h * w);
  // A mask has one channel, or as many as the source.
  const maskPlanes = mask === undefined ? 1 : mask.data.length / (rows * columns);
  const data = floats(target.data.length);
  data.set(target.data);
  for (let plane = 0; plane < planes; plane += 1) {
    const maskPlane = Math.floor((plane * maskPlanes) / planes);
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const at = (plane * h + top + y) * w + left + x;
        const value = source.data[(plane * rows + y) * columns + x] ?? 0;
        const m = mask === undefined ? 1 : (mask.data[(maskPlane * rows + y) * columns + x] ?? 0);
        data[at] = Math.fround(m * value) + Math.fround(Math.fround(1 - m) * (data[at] ?? 0));
      }
    }
  }
  return tensor(target.shape, data);
}

/**
 * Pastes `source` into `target`, both `[b,c,h,w]` with the same batch.
 * @param x left edge in pixels, clamped; negative ones cut the source
 * @param mask any size, bilinearly resized to the source; absent: everything
 * @param multiplier pixels per cell
 */
export function paste(
  target: Tensor,
  source: Tensor,
  x: number,
  y: number,
  mask: Mask | undefined,
  multiplier: number,
): Tensor {
  const [h = 1, w = 1] = target.shape.slice(-2);
  const [sh = 1, sw = 1] = source.shape.slice(-2);
  const left = Math.floor(Math.max(-sw * multiplier, Math.min(x, w * multiplier)) / multiplier);
  const top = Math.floor(Math.max(-sh * multiplier, Math.min(y, h * multiplier)) / multiplier);
  const cut = (given: Tensor): Tensor =>
    sliceAlong(
      sliceAlong(given, -2, Math.max(-top, 0), Math.max(Math.min(sh, h - top), 0)),
      -1,
      Math.max(-left, 0),
      Math.max(Math.min(sw, w - left), 0),
    );
  let fitted: Tensor | undefined;
  if (mask !== undefined) {
    const [mh = 1, mw = 1] = mask.shape.slice(-2);
    const planes = tensor([mask.data.length / (mh * mw), 1, mh, mw], mask.data);
    fitted = cut(repeatToBatch(resizePlanes(planes, sw, sh, "bilinear"), target.shape[0] ?? 1));
  }
  return blendRegion(target, cut(source), fitted, Math.max(left, 0), Math.max(top, 0));
}

/**
 * Pastes `source` at cell (x, y). Edges that do not touch the border of the target fade over `width` cells: the t-th
 * line from the edge is multiplied by `(t + 1) / width`.
 */
export function feather(target: Tensor, source: Tensor, x: number, y: number, width: number): Tensor {
  const [h = 1, w = 1] = target.shape.slice(-2);
  const fitted = repeatToBatch(source, target.shape[0] ?? 1);
  const cut = sliceAlong(sliceAlong(fitted, -2, 0, h - y), -1, 0, w - x);
  const [rows = 0, columns = 0] = cut.shape.slice(-2);
  if (rows === 0 || columns === 0) return target;
  const vertical = fade(rows, width, y !== 0, y + rows < h);
  const horizontal = fade(columns, width, x !== 0, x + columns < w);
  const mask = floats(rows * columns);
  for (let index = 0; index < mask.length; index += 1) {
    mask[index] = Math.fround(
      (vertical[Math.floor(index / columns)] ?? 1) * (horizontal[index % columns] ?? 1),
    );
  }
  return blendRegion(target, cut, tensor([1, 1, rows, columns], mask), x, y);
}

/** Weights along one side; the two fades multiply where they meet. */
function fade(length: number, width: number, atStart: boolean, atEnd: boolean): number[] {
  const weights = Array.from({ length }, () => 1);
  for (let t = 0; t < width; t += 1) {
    const weight = Math.fround((1 / width) * (t + 1));
    if (atStart && t < length) weights[t] = Math.fround((weights[t] ?? 1) * weight);
    // Lines beyond the far side wrap around, as the slices `[n-1-t : n-t]` of the reference do.
    const [from, to] = [sliceBound(length - 1 - t, length), sliceBound(length - t, length)];
    if (atEnd && to > from) weights[from] = Math.fround((weights[from] ?? 1) * weight);
  }
  return weights;
}
