/** Moving rectangles of pictures: pure copies. Pictures are `[b,h,w,c]`. */
import { floats, type Tensor, tensor } from "../sdk/index.ts";

/** The rectangle from x, y; it must lie inside. */
export function cropImage(image: Tensor, x: number, y: number, width: number, height: number): Tensor {
  const [batch = 1, h = 1, w = 1, channels = 1] = image.shape;
  const data = floats(batch * height * width * channels);
  const length = width * channels;
  for (let b = 0; b < batch; b += 1) {
    for (let line = 0; line < height; line += 1) {
      const from = ((b * h + y + line) * w + x) * channels;
      data.set(image.data.subarray(from, from + length), (b * height + line) * length);
    }
  }
  return tensor([batch, height, width, channels], data);
}

/** Copies `source` into `target` (same batch and channels) with its corner at x, y; it must lie inside. */
export function pasteInto(target: Tensor, source: Tensor, x: number, y: number): void {
  const [batch = 1, h = 1, w = 1, channels = 1] = target.shape;
  const [, height = 1, width = 1] = source.shape;
  const length = width * channels;
  for (let b = 0; b < batch; b += 1) {
    for (let line = 0; line < height; line += 1) {
      const from = (b * height + line) * length;
      target.data.set(source.data.subarray(from, from + length), ((b * h + y + line) * w + x) * channels);
    }
  }
}

/** Items `from` … `to − 1` of the batch. */
export function sliceBatch(given: Tensor, from: number, to: number): Tensor {
  const [batch = 1, ...rest] = given.shape;
  const size = batch === 0 ? 0 : given.data.length / batch;
  const data = floats((to - from) * size);
  data.set(given.data.subarray(from * size, to * size));
  return tensor([to - from, ...rest], data);
}

/** Batches of one item shape, one after the other. */
export function joinBatches(parts: readonly Tensor[]): Tensor {
  const [, ...rest] = parts[0]?.shape ?? [0];
  const data = floats(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  let count = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
    count += part.shape[0] ?? 0;
  }
  return tensor([count, ...rest], data);
}

/** A new tensor of the same shape with `change` applied to each value. */
export function mapValues(given: Tensor, change: (value: number, index: number) => number): Tensor {
  const data = floats(given.data.length);
  for (let i = 0; i < data.length; i += 1) data[i] = change(given.data[i]!, i);
  return tensor(given.shape, data);
}
