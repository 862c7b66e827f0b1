/** Nodes that work on whole lists of pictures. */
import { pasteInto, sliceBatch } from "../kernels/regions.ts";
import { Mt19937 } from "../kernels/random.ts";
import { resizeImage } from "../kernels/resample.ts";
import {
  bigInt,
  defineNode,
  float,
  floats,
  type Image,
  image,
  int,
  NodeError,
  tensor,
} from "../sdk/index.ts";
import { withChannels } from "../kernels/composite.ts";
import { singles } from "./batch-nodes.ts";
import { randomBelow } from "./transform-nodes.ts";

const IMAGE_LIST = {
  api: "schema",
  category: "image/batch",
  pythonModule: "comfy_extras.nodes_dataset",
  experimental: true,
  inputIsList: true,
} as const;
const LIST = [{ type: "IMAGE", name: "images", list: true, tooltip: "The list of pictures." }];

export const mergeImageLists = defineNode({
  ...IMAGE_LIST,
  name: "MergeImageLists",
  displayName: "Merge Image Lists (DEPRECATED)",
  inputs: { images: image({ tooltip: "Lists to join." }) },
  outputs: LIST,
  deprecated: true,
  searchAliases: ["list", "merge list", "make list"],
  execute: ({ images }) => [[...images]],
});

export const shuffleDataset = defineNode({
  ...IMAGE_LIST,
  name: "ShuffleDataset",
  displayName: "Shuffle Images List",
  inputs: {
    images: image({ tooltip: "Pictures to shuffle." }),
    seed: bigInt({
      tooltip: "Seed of the order.",
      default: 0,
      min: 0,
      max: 18446744073709551615n,
    }),
  },
  outputs: LIST,
  searchAliases: ["shuffle", "randomize", "mix"],
  execute: ({ images, seed: [seed = 0] }) => {
    const order = shuffledOrder(images.length, seed);
    return [order.map((index) => images[index])];
  },
});

/** NumPy's legacy permutation (Fisher–Yates from the end) of 0 … count − 1. */
export function shuffledOrder(count: number, seed: number | bigint): number[] {
  const generator = new Mt19937(BigInt(seed) % 4294967295n);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = randomBelow(generator, last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

export const imageDeduplication = defineNode({
  ...IMAGE_LIST,
  name: "ImageDeduplication",
  displayName: "Deduplicate Images",
  inputs: {
    images: image({ tooltip: "Pictures of which similar ones are dropped." }),
    similarity_threshold: float({
      tooltip: "From this similarity on, the later picture is dropped.",
      advanced: true,
      default: 0.95,
      min: 0,
      max: 1,
    }),
  },
  outputs: LIST,
  searchAliases: ["deduplicate", "remove duplicates", "similarity filter"],
  execute: ({ images, similarity_threshold: [threshold = 0.95] }) => {
    const kept: { picture: Image; hash: Uint8Array }[] = [];
    for (const picture of images) {
      const hash = averageHash(picture);
      if (kept.every((other) => agreement(hash, other.hash) < threshold)) kept.push({ picture, hash });
    }
    return [kept.map(({ picture }) => picture)];
  },
});

/** 64 bits: which cells of an 8 × 8 grey reduction are brighter than their mean. */
function averageHash(picture: Image): Uint8Array {
  const small = resizeImage(withChannels(sliceBatch(picture, 0, 1), 3), 8, 8, "lanczos");
  const grey = Float64Array.from({ length: 64 }, (_, i) => {
    const [r, g, b] = [0, 1, 2].map((c) => small.data[i * 3 + c]!) as [number, number, number];
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });
  const mean = grey.reduce((sum, value) => sum + value, 0) / 64;
  return Uint8Array.from(grey, (value) => (value > mean ? 1 : 0));
}

function agreement(a: Uint8Array, b: Uint8Array): number {
  let same = 0;
  for (let i = 0; i < a.length; i += 1) if (a[i] === b[i]) same += 1;
  return same / a.length;
}

export const imageGrid = defineNode({
  ...IMAGE_LIST,
  name: "ImageGrid",
  displayName: "Make Image Grid",
  inputs: {
    images: image({ tooltip: "Pictures of the grid, line by line." }),
    columns: int({ tooltip: "Pictures per line.", default: 4, min: 1, max: 20 }),
    cell_width: int({
      tooltip: "Width of a cell in pixels.",
      advanced: true,
      default: 256,
      min: 32,
      max: 2048,
    }),
    cell_height: int({
      tooltip: "Height of a cell in pixels.",
      advanced: true,
      default: 256,
      min: 32,
      max: 2048,
    }),
    padding: int({ tooltip: "Pixels between cells.", advanced: true, default: 4, min: 0, max: 50 }),
  },
  outputs: [{ type: "IMAGE", name: "images", tooltip: "The grid as one picture." }],
  searchAliases: ["grid", "collage", "combine"],
  execute: ({
    images,
    columns: [columns = 4],
    cell_width: [w = 256],
    cell_height: [h = 256],
    padding: [gap = 4],
  }) => {
    const cells = images.flatMap(singles);
    if (cells.length === 0) throw new NodeError("A grid needs a picture", "ValueError");
    const lines = Math.ceil(cells.length / columns);
    const width = columns * w + (columns - 1) * gap;
    const height = lines * h + (lines - 1) * gap;
    const canvas = tensor([1, height, width, 3], floats(height * width * 3));
    for (const [index, cell] of cells.entries()) {
      const column = index % columns;
      const line = Math.floor(index / columns);
      pasteInto(
        canvas,
        resizeImage(withChannels(cell, 3), w, h, "lanczos"),
        column * (w + gap),
        line * (h + gap),
      );
    }
    return [canvas];
  },
});
