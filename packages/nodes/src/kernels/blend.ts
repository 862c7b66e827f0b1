/** Blending of two pictures of one size. */
import { floats, type Image, NodeError, tensor } from "../sdk/index.ts";
import { runRows } from "./pool.ts";

/** clamp(a·(1 − factor) + blend(a, b)·factor) for `[b,h,w,c]`; a batch of one repeats. */
export function blendImages(first: Image, second: Image, factor: number, mode: string): Image {
  const [batch = 1, height = 1, width = 1, channels = 1] = first.shape;
  const secondBatch = second.shape[0] ?? 1;
  if (secondBatch !== batch && secondBatch !== 1) {
    throw new NodeError(
      `The size of tensor a (${batch}) must match the size of tensor b (${secondBatch}) at non-singleton dimension 0`,
      "RuntimeError",
    );
  }
  const out = floats(first.data.length);
  const args = {
    first: first.data,
    second: second.data,
    out,
    length: width * channels,
    secondRows: secondBatch * height,
    factor,
    mode,
  };
  runRows("blend", args, batch * height);
  return tensor(first.shape, out);
}
