/** Putting one latent into another. */
import { boolean, defineNode, int, latent, mask, optional, tensor } from "../sdk/index.ts";
import { repeatToBatch } from "./axes.ts";
import { feather, paste } from "./composite.ts";
import { withSamples } from "./match.ts";
import { resizePlanes } from "./resize.ts";

export const setLatentNoiseMask = defineNode({
  name: "SetLatentNoiseMask",
  api: "v1",
  displayName: "Set Latent Noise Mask",
  category: "model/latent",
  description: "Marks what is denoised.",
  inputs: { samples: latent(), mask: mask() },
  outputs: ["LATENT"],
  execute: ({ samples, mask }) => {
    const [h = 1, w = 1] = mask.shape.slice(-2);
    return [{ ...samples, noise_mask: tensor([mask.data.length / (h * w), 1, h, w], mask.data) }];
  },
});

export const latentComposite = defineNode({
  name: "LatentComposite",
  api: "v1",
  displayName: "Latent Composite",
  category: "model/latent",
  description: "Pastes a latent at a place given in pixels, with soft edges.",
  inputs: {
    samples_to: latent(),
    samples_from: latent(),
    x: int({ default: 0, min: 0, max: 16384, step: 8 }),
    y: int({ default: 0, min: 0, max: 16384, step: 8 }),
    feather: int({ default: 0, min: 0, max: 16384, step: 8 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["overlay latent", "layer latent", "paste latent"],
  execute: ({ samples_to, samples_from, x, y, feather: width }) => [
    withSamples(
      samples_to,
      feather(
        samples_to.samples,
        samples_from.samples,
        Math.floor(x / 8),
        Math.floor(y / 8),
        Math.floor(width / 8),
      ),
    ),
  ],
});

export const latentCompositeMasked = defineNode({
  name: "LatentCompositeMasked",
  api: "schema",
  displayName: "Latent Composite Masked",
  category: "model/latent",
  description: "Pastes a latent through a mask.",
  pythonModule: "comfy_extras.nodes_mask",
  inputs: {
    destination: latent(),
    source: latent(),
    x: int({ default: 0, min: 0, max: 16384, step: 8 }),
    y: int({ default: 0, min: 0, max: 16384, step: 8 }),
    resize_source: boolean({ default: false }),
    mask: optional(mask()),
  },
  outputs: ["LATENT"],
  searchAliases: ["overlay latent", "layer latent", "paste latent", "inpaint latent"],
  execute: ({ destination, source, x, y, resize_source, mask }) => {
    const target = destination.samples;
    const [h = 1, w = 1] = target.shape.slice(-2);
    const resized = resize_source ? resizePlanes(source.samples, w, h, "bilinear") : source.samples;
    const fitted = repeatToBatch(resized, target.shape[0] ?? 1);
    return [{ samples: paste(target, fitted, x, y, mask, 8) }];
  },
});
