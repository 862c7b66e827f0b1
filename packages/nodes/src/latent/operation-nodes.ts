/** Operations on latents, as values. */
import { defineNode, float, input, int, latent } from "../sdk/index.ts";
import { withSamples } from "./match.ts";
import { type LatentOperation, sharpen, tonemapReinhard } from "./operations.ts";

export const latentApplyOperation = defineNode({
  name: "LatentApplyOperation",
  api: "schema",
  category: "model/latent/advanced/operations",
  description: "Applies an operation to a latent.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples: latent(), operation: input<LatentOperation>("LATENT_OPERATION") },
  outputs: ["LATENT"],
  experimental: true,
  searchAliases: ["transform latent"],
  execute: ({ samples, operation }) => [withSamples(samples, operation(samples.samples))],
});

export const latentOperationTonemapReinhard = defineNode({
  name: "LatentOperationTonemapReinhard",
  api: "schema",
  category: "model/latent/advanced/operations",
  description: "Tone mapping of strong values.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { multiplier: float({ default: 1, min: 0, max: 100, step: 0.01 }) },
  outputs: ["LATENT_OPERATION"],
  experimental: true,
  searchAliases: ["hdr latent"],
  execute: ({ multiplier }) => [tonemapReinhard(multiplier)],
});

export const latentOperationSharpen = defineNode({
  name: "LatentOperationSharpen",
  api: "schema",
  category: "model/latent/advanced/operations",
  description: "Sharpening.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: {
    sharpen_radius: int({ advanced: true, default: 9, min: 1, max: 31, step: 1 }),
    sigma: float({ advanced: true, default: 1, min: 0.1, max: 10, step: 0.1 }),
    alpha: float({ advanced: true, default: 0.1, min: 0, max: 5, step: 0.01 }),
  },
  outputs: ["LATENT_OPERATION"],
  experimental: true,
  execute: ({ sharpen_radius, sigma, alpha }) => [sharpen(sharpen_radius, sigma, alpha)],
});
