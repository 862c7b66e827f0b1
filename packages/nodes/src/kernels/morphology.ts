/** Grey morphology with a full square, as kornia computes it: the origin is size div 2, outside pixels never count. */
import { floats, type Tensor, tensor } from "../sdk/index.ts";
import { mapValues } from "./regions.ts";

export type MorphologyOperation =
  | "erode"
  | "dilate"
  | "open"
  | "close"
  | "gradient"
  | "bottom_hat"
  | "top_hat";

export function morphology(image: Tensor, operation: MorphologyOperation, size: number): Tensor {
  switch (operation) {
    case "erode":
      return extreme(image, size, "min");
    case "dilate":
      return extreme(image, size, "max");
    case "open":
      return extreme(extreme(image, size, "min"), size, "max");
    case "close":
      return extreme(extreme(image, size, "max"), size, "min");
    case "gradient":
      return difference(extreme(image, size, "max"), extreme(image, size, "min"));
    case "top_hat":
      return difference(image, morphology(image, "open", size));
    case "bottom_hat":
      return difference(morphology(image, "close", size), image);
  }
}

function difference(a: Tensor, b: Tensor): Tensor {
  return mapValues(a, (value, i) => value - b.data[i]!);
}

/**
 * Minimum or maximum over the square from i − size div 2 on. Squares are separable: lines first, then columns.
 */
function extreme(image: Tensor, size: number, kind: "min" | "max"): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = image.shape;
  const before = Math.floor(size / 2);
  const across = floats(image.data.length);
  for (let line = 0; line < batch * height; line += 1) {
    for (let c = 0; c < channels; c += 1) {
      slide(image.data, across, line * width * channels + c, channels, width, before, size, kind);
    }
  }
  const out = floats(image.data.length);
  for (let b = 0; b < batch; b += 1) {
    for (let column = 0; column < width * channels; column += 1) {
      slide(
        across,
        out,
        b * height * width * channels + column,
        width * channels,
        height,
        before,
        size,
        kind,
      );
    }
  }
  return tensor(image.shape, out);
}

/** The extreme of each window of one strided line, with a monotone queue: the time does not depend on the size. */
function slide(
  source: Float32Array,
  out: Float32Array,
  start: number,
  stride: number,
  length: number,
  before: number,
  size: number,
  kind: "min" | "max",
): void {
  const sign = kind === "min" ? 1 : -1;
  const queue: number[] = [];
  let head = 0;
  let next = 0;
  for (let i = 0; i < length; i += 1) {
    const end = Math.min(i - before + size, length);
    for (; next < end; next += 1) {
      const value = sign * source[start + next * stride]!;
      while (queue.length > head && sign * source[start + queue[queue.length - 1]! * stride]! >= value)
        queue.pop();
      queue.push(next);
    }
    while (queue[head]! < i - before) head += 1;
    out[start + i * stride] = source[start + queue[head]! * stride]!;
  }
}
