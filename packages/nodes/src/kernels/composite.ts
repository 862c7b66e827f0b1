/** `composite` of section 7.4 for pictures, and the batch rules that nodes of two pictures share. */
import { floats, type Image, type Mask, type Tensor, tensor } from "../sdk/index.ts";
import { runRows } from "./pool.ts";
import { resizeImage, resizeMask } from "./resample.ts";

/**
 * Puts `source` on `destination` (`[b,h,w,c]` both, equal channels) with its corner at x, y.
 * @param mask where the source shows, resized to the source; all of it when absent
 */
export function compositeImage(
  destination: Image,
  source: Image,
  x: number,
  y: number,
  mask: Mask | undefined,
  resizeSource: boolean,
): Image {
  const [batch = 1, height = 1, width = 1, channels = 1] = destination.shape;
  const placed = resizeSource ? resizeImage(source, width, height, "bilinear") : source;
  const [sourceBatch = 1, sourceHeight = 1, sourceWidth = 1] = placed.shape;
  const fitted =
    mask === undefined ? undefined : resizeMask(batched(mask), sourceWidth, sourceHeight, "bilinear");
  const out = floats(destination.data.length);
  out.set(destination.data);
  const args = {
    out,
    width,
    height,
    channels,
    source: placed.data,
    sourceBatch,
    sourceWidth,
    sourceHeight,
    mask: fitted?.data ?? new Float32Array(0),
    maskBatch: fitted?.shape[0] ?? 1,
    left: Math.max(-sourceWidth, Math.min(x, width)),
    top: Math.max(-sourceHeight, Math.min(y, height)),
  };
  runRows("composite", args, batch * height);
  return tensor(destination.shape, out);
}

/** A mask as `[b,h,w]`: old nodes give `[h,w]`, some `[b,1,h,w]`. */
export function batched(mask: Mask): Mask {
  const [h = 1, w = 1] = mask.shape.slice(-2);
  return mask.shape.length === 3 ? mask : tensor([mask.data.length / (h * w), h, w], mask.data);
}

/** Cut, or tiled cyclically, to `count` items. */
export function repeatToBatch(given: Tensor, count: number): Tensor {
  const [batch = 1, ...rest] = given.shape;
  if (batch === count) return given;
  const size = batch === 0 ? 0 : given.data.length / batch;
  const data = floats(count * size);
  for (let item = 0; item < count; item += 1) {
    data.set(given.data.subarray((item % batch) * size, ((item % batch) + 1) * size), item * size);
  }
  return tensor([count, ...rest], data);
}

/** A picture with `channels` channels: further ones are dropped, missing ones are 1. */
export function withChannels(image: Image, channels: number): Image {
  const [batch = 1, height = 1, width = 1, given = 1] = image.shape;
  if (given === channels) return image;
  const pixels = batch * height * width;
  const data = floats(pixels * channels);
  const common = Math.min(given, channels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let c = 0; c < common; c += 1) data[pixel * channels + c] = image.data[pixel * given + c]!;
    for (let c = common; c < channels; c += 1) data[pixel * channels + c] = 1;
  }
  return tensor([batch, height, width, channels], data);
}
