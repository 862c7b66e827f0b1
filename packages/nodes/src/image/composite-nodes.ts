/** Nodes that put pictures over each other, and handle their alpha. */
import { blendImages } from "../kernels/blend.ts";
import { batched, compositeImage, repeatToBatch, withChannels } from "../kernels/composite.ts";
import { PORTER_DUFF_MODES, porterDuff } from "../kernels/porter-duff.ts";
import { resizeImage, resizeMask } from "../kernels/resample.ts";
import {
  boolean,
  choice,
  defineNode,
  float,
  floats,
  image,
  int,
  mask,
  optional,
  tensor,
} from "../sdk/index.ts";

export const imageBlend = defineNode({
  name: "ImageBlend",
  api: "schema",
  displayName: "Blend Images",
  category: "image/filters",
  pythonModule: "comfy_extras.nodes_post_processing",
  inputs: {
    image1: image(),
    image2: image(),
    blend_factor: float({ default: 0.5, min: 0, max: 1, step: 0.01 }),
    blend_mode: choice(["normal", "multiply", "screen", "overlay", "soft_light", "difference"]),
  },
  outputs: ["IMAGE"],
  searchAliases: ["mix images"],
  essentialsCategory: "Image Tools",
  execute: ({ image1, image2, blend_factor, blend_mode }) => {
    const [, height = 1, width = 1, channels = 3] = image1.shape;
    const second = withChannels(image2, channels);
    const fits = image2.shape[1] === height && image2.shape[2] === width;
    const resized = fits ? second : resizeImage(second, width, height, "bicubic", "center");
    return [blendImages(image1, resized, blend_factor, blend_mode)];
  },
});

export const imageCompositeMasked = defineNode({
  name: "ImageCompositeMasked",
  api: "schema",
  displayName: "Image Composite Masked",
  category: "image/compositing",
  pythonModule: "comfy_extras.nodes_mask",
  inputs: {
    destination: image(),
    source: image(),
    x: int({ default: 0, min: 0, max: 16384, step: 1 }),
    y: int({ default: 0, min: 0, max: 16384, step: 1 }),
    resize_source: boolean({ default: false }),
    mask: optional(mask()),
  },
  outputs: ["IMAGE"],
  searchAliases: ["overlay", "layer", "paste image", "images composition"],
  execute: ({ destination, source, x, y, resize_source, mask }) => {
    const fitted = withChannels(source, destination.shape[3] ?? 3);
    return [compositeImage(destination, fitted, x, y, mask, resize_source)];
  },
});

export const joinImageWithAlpha = defineNode({
  name: "JoinImageWithAlpha",
  api: "schema",
  displayName: "Join Image with Alpha",
  category: "image/compositing",
  pythonModule: "comfy_extras.nodes_compositing",
  inputs: { image: image(), alpha: mask() },
  outputs: ["IMAGE"],
  searchAliases: ["add transparency", "apply alpha", "composite alpha", "RGBA"],
  execute: ({ image, alpha }) => {
    const [imageBatch = 1, height = 1, width = 1, channels = 3] = image.shape;
    const fitted = resizeMask(batched(alpha), width, height, "bilinear");
    const batch = Math.max(imageBatch, fitted.shape[0] ?? 1);
    const picture = repeatToBatch(image, batch);
    const hidden = repeatToBatch(fitted, batch);
    const colours = Math.min(channels, 3);
    const data = floats(batch * height * width * (colours + 1));
    for (let i = 0; i < hidden.data.length; i += 1) {
      const to = i * (colours + 1);
      for (let c = 0; c < colours; c += 1) data[to + c] = picture.data[i * channels + c]!;
      data[to + colours] = 1 - hidden.data[i]!;
    }
    return [tensor([batch, height, width, colours + 1], data)];
  },
});

export const splitImageWithAlpha = defineNode({
  name: "SplitImageWithAlpha",
  api: "schema",
  displayName: "Split Image with Alpha",
  category: "image/compositing",
  pythonModule: "comfy_extras.nodes_compositing",
  inputs: { image: image() },
  outputs: ["IMAGE", "MASK"],
  searchAliases: ["extract alpha", "separate transparency", "remove alpha"],
  execute: ({ image }) => {
    const [batch = 1, height = 1, width = 1, channels = 3] = image.shape;
    const hidden = floats(batch * height * width);
    if (channels > 3) {
      for (let i = 0; i < hidden.length; i += 1) hidden[i] = 1 - image.data[i * channels + 3]!;
    }
    const colours = channels > 3 ? withChannels(image, 3) : image;
    return [colours, tensor([batch, height, width], hidden)];
  },
});

export const porterDuffImageComposite = defineNode({
  name: "PorterDuffImageComposite",
  api: "schema",
  displayName: "Porter-Duff Image Composite",
  category: "image/compositing",
  pythonModule: "comfy_extras.nodes_compositing",
  inputs: {
    source: image(),
    source_alpha: mask(),
    destination: image(),
    destination_alpha: mask(),
    mode: choice(PORTER_DUFF_MODES, { default: "DST" }),
  },
  outputs: ["IMAGE", "MASK"],
  searchAliases: ["alpha composite", "blend modes", "layer blend", "transparency blend"],
  execute: ({ source, source_alpha, destination, destination_alpha, mode }) => {
    const [, height = 1, width = 1, channels = 3] = destination.shape;
    const { image, hidden } = porterDuff(
      resizeImage(withChannels(source, channels), width, height, "bicubic", "center"),
      resizeMask(batched(source_alpha), width, height, "bicubic", "center"),
      destination,
      resizeMask(batched(destination_alpha), width, height, "bicubic", "center"),
      mode,
    );
    return [image, hidden];
  },
});
