/** Nodes that load pictures. */
import { contentToken, existingPath, validateFile } from "../files/annotated-path.ts";
import { type LoadedImage, loadedMask, loadImage } from "../files/load-image.ts";
import { defineNode } from "../sdk/define-node.ts";
import { combo, files, input } from "../sdk/inputs.ts";
import { floats, type Mask, tensor } from "../sdk/tensor.ts";

const inputImages = { folder: "input", media: ["image"] } as const;

export const loadImageNode = defineNode({
  name: "LoadImage",
  api: "v1",
  displayName: "Load Image",
  category: "image",
  essentialsCategory: "Basics",
  searchAliases: [
    "load image",
    "open image",
    "import image",
    "image input",
    "upload image",
    "read image",
    "image loader",
  ],
  inputs: { image: files(inputImages, { image_upload: true }) },
  outputs: ["IMAGE", "MASK"],
  validates: ["image"],
  validate: ({ image }, _types, { folders }) => validateFile("image", image, folders),
  fingerprint: ({ image }, { folders }) => contentToken(image, folders),
  execute: async ({ image }, { folders }) => {
    const loaded = await loadImage(existingPath(image, folders));
    return [loaded.image, loadedMask(loaded)];
  },
});

export const loadImageOutputNode = defineNode({
  name: "LoadImageOutput",
  api: "v1",
  displayName: "Load Image (from Outputs)",
  category: "image",
  description: "Loads a picture of the output folder.",
  essentialsCategory: "Basics",
  experimental: true,
  searchAliases: ["output image", "previous generation"],
  inputs: {
    image: input<string>("COMBO", {
      image_upload: true,
      image_folder: "output",
      remote: { route: "/internal/files/output", refresh_button: true, control_after_refresh: "first" },
    }),
  },
  outputs: ["IMAGE", "MASK"],
  validates: ["image"],
  validate: ({ image }, _types, { folders }) => validateFile("image", image, folders),
  fingerprint: ({ image }, { folders }) => contentToken(image, folders),
  execute: async ({ image }, { folders }) => {
    const loaded = await loadImage(existingPath(image, folders));
    return [loaded.image, loadedMask(loaded)];
  },
});

export const loadImageMaskNode = defineNode({
  name: "LoadImageMask",
  api: "v1",
  displayName: "Load Image (as Mask)",
  category: "image",
  essentialsCategory: "Image Tools",
  searchAliases: ["import mask", "alpha mask", "channel mask"],
  inputs: {
    image: files(inputImages, { image_upload: true }),
    channel: combo(["alpha", "red", "green", "blue"]),
  },
  outputs: ["MASK"],
  validates: ["image"],
  validate: ({ image }, _types, { folders }) => validateFile("image", image, folders),
  fingerprint: ({ image }, { folders }) => contentToken(image, folders),
  execute: async ({ image, channel }, { folders }) => {
    const loaded = await loadImage(existingPath(image, folders));
    return [
      channel === "alpha"
        ? loadedMask(loaded)
        : colourMask(loaded, ["red", "green", "blue"].indexOf(channel)),
    ];
  },
});

/** One colour of every frame as a mask. */
function colourMask({ image }: LoadedImage, colour: number): Mask {
  const [batch = 1, height = 0, width = 0] = image.shape;
  const values = floats(batch * height * width);
  for (let pixel = 0; pixel < values.length; pixel++)
    values[pixel] = image.data[pixel * 3 + colour] as number;
  return tensor([batch, height, width], values);
}
