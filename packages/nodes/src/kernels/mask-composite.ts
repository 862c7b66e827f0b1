/** Combination of two masks (section 7.4). */
import { type Mask, floats, tensor } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";

export const MASK_OPERATIONS = ["multiply", "add", "subtract", "and", "or", "xor"] as const;
export type MaskOperation = (typeof MASK_OPERATIONS)[number];

function combine(a: number, b: number, operation: MaskOperation): number {
  const [left, right] = [roundHalfEven(a) !== 0, roundHalfEven(b) !== 0];
  switch (operation) {
    case "multiply":
      return a * b;
    case "add":
      return a + b;
    case "subtract":
      return a - b;
    case "and":
      return left && right ? 1 : 0;
    case "or":
      return left || right ? 1 : 0;
    case "xor":
      return left !== right ? 1 : 0;
  }
}

/** Combines the region at x, y with `source`, whose batch of one repeats; everything is held in 0…1. */
export function combineMasks(
  destination: Mask,
  source: Mask,
  x: number,
  y: number,
  operation: MaskOperation,
): Mask {
  const [, height = 1, width = 1] = destination.shape;
  const [sourceBatch = 1, sourceHeight = 1, sourceWidth = 1] = source.shape;
  const data = floats(destination.data.length);
  for (let i = 0; i < data.length; i += 1) {
    const column = (i % width) - x;
    const line = (Math.floor(i / width) % height) - y;
    let value = destination.data[i]!;
    if (column >= 0 && line >= 0 && column < sourceWidth && line < sourceHeight) {
      const item = Math.floor(i / (width * height)) % sourceBatch;
      value = combine(value, source.data[(item * sourceHeight + line) * sourceWidth + column]!, operation);
    }
    data[i] = value <= 0 ? 0 : value >= 1 ? 1 : value;
  }
  return tensor(destination.shape, data);
}
