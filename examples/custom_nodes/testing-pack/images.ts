/** A little image arithmetic on `[batch, height, width, channels]`. */
import { type Image, type Mask, NodeError, tensor } from "@hearth/nodes/sdk";

/** An image of one value. */
export function filled(value: number, batch: number, height: number, width: number): Image {
  const image = tensor([batch, height, width, 3]);
  image.data.fill(value);
  return image;
}

/** A new image of `f(value, index)`. */
export function mapImage(image: Image, f: (value: number, index: number) => number): Image {
  const result = tensor(image.shape);
  for (let i = 0; i < result.data.length; i += 1) result.data[i] = f(image.data[i] as number, i);
  return result;
}

/** The mean of images of equal size. */
export function meanOf(images: readonly Image[]): Image {
  const [first] = images;
  if (first === undefined) throw new NodeError("there is no image to average", "ValueError");
  return mapImage(
    first,
    (_, i) => images.reduce((sum, image) => sum + (image.data[i] ?? 0), 0) / images.length,
  );
}

/** `a·(1−mask) + b·mask`; the mask `[batch, height, width]` counts for every channel and repeats over the batch. */
export function mixed(a: Image, b: Image, mask: Mask): Image {
  const channels = a.shape[3] ?? 1;
  return mapImage(a, (value, i) => {
    const m = mask.data[Math.floor(i / channels) % mask.data.length] ?? 0;
    return value * (1 - m) + (b.data[i] ?? 0) * m;
  });
}
