/** Between image tensors and 8- or 16-bit samples. Section 7.1 of the behaviour reference. */
import { NodeError } from "@hearth/engine";
import { floats, type Image, type Tensor, tensor } from "../sdk/tensor.ts";
import type { Raster } from "./png.ts";

/** Height, width and channels of a batch of images. @throws NodeError when the shape is another */
export function imageShape(image: Tensor): {
  batch: number;
  height: number;
  width: number;
  channels: number;
} {
  const [batch, height, width, channels] = image.shape;
  if (image.shape.length !== 4 || !batch || !height || !width || !channels) {
    throw new NodeError(
      `expected images [batch, height, width, channels], got [${image.shape.join(", ")}]`,
      "ValueError",
    );
  }
  return { batch, height, width, channels };
}

/** The values of picture `index`, without copying. */
export function pictureData(image: Image, index: number): Float32Array {
  const { height, width, channels } = imageShape(image);
  const size = height * width * channels;
  return image.data.subarray(index * size, (index + 1) * size);
}

/** `trunc(clip(255·x, 0, 255))`, the product in float32; NaN gives 0. */
export function toBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Math.fround((values[i] as number) * 255);
    bytes[i] = value >= 255 ? 255 : value > 0 ? value : 0;
  }
  return bytes;
}

/** `trunc(clip(65535·x, 0, 65535))`, big-endian. */
export function toBytes16(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 2);
  for (let i = 0; i < values.length; i++) {
    const value = Math.fround((values[i] as number) * 65535);
    const whole = value >= 65535 ? 65535 : value > 0 ? Math.trunc(value) : 0;
    bytes[2 * i] = whole >> 8;
    bytes[2 * i + 1] = whole & 255;
  }
  return bytes;
}

/** Picture `index` as samples. @throws NodeError `TypeError` for channel counts that no picture file has */
export function toRaster(image: Image, index: number, depth: 8 | 16 = 8): Raster {
  const { height, width, channels } = imageShape(image);
  if (channels !== 2 && channels !== 3 && channels !== 4) {
    throw new NodeError(`Cannot handle this data type: (1, 1, ${channels}), |u1`, "TypeError");
  }
  const values = pictureData(image, index);
  return { width, height, channels, depth, samples: depth === 8 ? toBytes(values) : toBytes16(values) };
}

/** Samples as float32 values: `level·factor / max`. */
export function fromSamples(samples: Uint8Array | Uint16Array, max: 255 | 65535, factor = 1): Float32Array {
  const values = floats(samples.length);
  for (let i = 0; i < samples.length; i++) values[i] = ((samples[i] as number) * factor) / max;
  return values;
}

/** One batch of pictures of one size. */
export function stackImages(
  pictures: readonly Float32Array[],
  height: number,
  width: number,
  channels: number,
): Image {
  const size = height * width * channels;
  const data = floats(size * pictures.length);
  pictures.forEach((picture, index) => data.set(picture, index * size));
  return tensor([pictures.length, height, width, channels], data);
}
