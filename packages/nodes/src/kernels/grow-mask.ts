/** Growing and shrinking of masks: repeated grey dilation or erosion by one pixel. */
import { floats, type Mask, tensor } from "../sdk/index.ts";

/**
 * Grows a mask (`expand` > 0) or shrinks it, one pixel per step, over a plus (tapered) or a full square of 3 × 3.
 * A border that reflects onto itself never brings a value that the pixel does not see already, so it is cut off.
 */
export function growMask(mask: Mask, expand: number, tapered: boolean): Mask {
  const [batch = 1, height = 1, width = 1] = mask.shape;
  let current = mask.data;
  let next = floats(mask.data.length);
  for (let step = 0; step < Math.abs(expand); step += 1) {
    if (!growOnce(current, next, batch, height, width, expand > 0, tapered)) break;
    const spare = current === mask.data ? floats(mask.data.length) : current;
    current = next;
    next = spare;
  }
  return tensor(mask.shape, current);
}

/** @returns whether anything changed */
function growOnce(
  from: Float32Array,
  to: Float32Array,
  batch: number,
  height: number,
  width: number,
  grow: boolean,
  tapered: boolean,
): boolean {
  const pick = grow ? Math.max : Math.min;
  let changed = false;
  for (let line = 0; line < batch * height; line += 1) {
    const y = line % height;
    for (let x = 0; x < width; x += 1) {
      const at = line * width + x;
      const left = x > 0 ? -1 : 0;
      const right = x < width - 1 ? 1 : 0;
      let value = pick(from[at]!, from[at + left]!, from[at + right]!);
      for (const step of [y > 0 ? -width : 0, y < height - 1 ? width : 0]) {
        value = pick(value, from[at + step]!);
        if (!tapered) value = pick(value, from[at + step + left]!, from[at + step + right]!);
      }
      to[at] = value;
      changed ||= value !== from[at];
    }
  }
  return changed;
}
