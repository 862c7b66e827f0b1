/** Nodes that put batches and lists of pictures together and take them apart. */
import { withChannels } from "../kernels/composite.ts";
import { joinBatches, sliceBatch } from "../kernels/regions.ts";
import { resizeImage, resizeMask } from "../kernels/resample.ts";
import { autogrow, defineNode, type Image, image, int, type Mask, NodeError, tensor } from "../sdk/index.ts";

/** One batch of pictures of the first one's size; all get as many channels as the one with most. */
export function batchImages(images: readonly Image[]): Image {
  const first = images[0];
  if (first === undefined) throw new NodeError("No pictures to batch", "ValueError");
  const [, height = 1, width = 1] = first.shape;
  const channels = Math.max(...images.map(({ shape }) => shape[3] ?? 3));
  return joinBatches(
    images.map((one) => {
      const full = withChannels(one, channels);
      return one.shape[1] === height && one.shape[2] === width
        ? full
        : resizeImage(full, width, height, "bilinear", "center");
    }),
  );
}

export const imageBatch = defineNode({
  name: "ImageBatch",
  api: "v1",
  displayName: "Batch Images (DEPRECATED)",
  category: "image/batch",
  inputs: { image1: image(), image2: image() },
  outputs: ["IMAGE"],
  deprecated: true,
  searchAliases: ["combine images", "merge images", "stack images"],
  execute: ({ image1, image2 }) => [batchImages([image1, image2])],
});

export const batchImagesNode = defineNode({
  name: "BatchImagesNode",
  api: "schema",
  displayName: "Batch Images",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    images: autogrow<Image>({
      input: { required: { image: ["IMAGE", {}] } },
      prefix: "image",
      min: 1,
      max: 50,
    }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["batch", "image batch", "batch images", "combine images", "merge images", "stack images"],
  essentialsCategory: "Image Tools",
  execute: ({ images }) => [batchImages(Object.values(images))],
});

export const batchMasksNode = defineNode({
  name: "BatchMasksNode",
  api: "schema",
  displayName: "Batch Masks",
  category: "image/mask",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    masks: autogrow<Mask>({ input: { required: { mask: ["MASK", {}] } }, prefix: "mask", min: 1, max: 50 }),
  },
  outputs: ["MASK"],
  searchAliases: ["combine masks", "stack masks", "merge masks"],
  execute: ({ masks }) => {
    const all = Object.values(masks).map((mask) =>
      mask.shape.length === 2 ? tensor([1, ...mask.shape], mask.data) : mask,
    );
    const [, height = 1, width = 1] = all[0]?.shape ?? [];
    return [joinBatches(all.map((mask) => resizeMask(mask, width, height, "bilinear", "center")))];
  },
});

export const repeatImageBatch = defineNode({
  name: "RepeatImageBatch",
  api: "schema",
  displayName: "Repeat Image Batch",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_images",
  inputs: { image: image(), amount: int({ default: 1, min: 1, max: 4096 }) },
  outputs: ["IMAGE"],
  searchAliases: ["duplicate image", "clone image"],
  execute: ({ image, amount }) => [joinBatches(Array.from({ length: amount }, () => image))],
});

export const imageFromBatch = defineNode({
  name: "ImageFromBatch",
  api: "schema",
  displayName: "Get Image from Batch",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    image: image(),
    batch_index: int({ default: 0, min: -16384, max: 16384 }),
    length: int({ default: 1, min: 1, max: 4096 }),
  },
  outputs: ["IMAGE"],
  searchAliases: ["select image", "pick from batch", "extract image"],
  execute: ({ image, batch_index, length }) => {
    const batch = image.shape[0] ?? 0;
    const counted = batch_index < 0 ? batch + batch_index : batch_index;
    const from = Math.max(Math.min(counted, batch - 1), 0);
    return [sliceBatch(image, from, from + Math.min(batch - from, length))];
  },
});

export const rebatchImages = defineNode({
  name: "RebatchImages",
  api: "schema",
  displayName: "Rebatch Images",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_rebatch",
  inputs: { images: image(), batch_size: int({ default: 1, min: 1, max: 4096 }) },
  outputs: [{ type: "IMAGE", list: true }],
  inputIsList: true,
  execute: ({ images, batch_size: [size = 1] }) => {
    const single = images.flatMap(singles);
    const groups: Image[] = [];
    for (let at = 0; at < single.length; at += size) groups.push(joinBatches(single.slice(at, at + size)));
    return [groups];
  },
});

/** The pictures of a batch, each as a batch of one. */
export function singles(batch: Image): Image[] {
  return Array.from({ length: batch.shape[0] ?? 0 }, (_, index) => sliceBatch(batch, index, index + 1));
}
