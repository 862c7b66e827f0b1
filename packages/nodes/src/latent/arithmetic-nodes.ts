/** Arithmetic with latents. */
import { defineNode, float, input, latent } from "../sdk/index.ts";
import { combine, mapValues } from "./axes.ts";
import { directionalMix } from "./directional-mix.ts";
import { matchShape, withSamples } from "./match.ts";
import { commonUpscale } from "./resize.ts";

export const latentAdd = defineNode({
  name: "LatentAdd",
  api: "schema",
  category: "model/latent/advanced",
  description: "The sum of two latents.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples1: latent(), samples2: latent() },
  outputs: ["LATENT"],
  searchAliases: ["combine latents", "sum latents"],
  execute: ({ samples1, samples2 }) => [
    withSamples(
      samples1,
      combine(samples1.samples, matchShape(samples1.samples, samples2.samples), (a, b) => a + b),
    ),
  ],
});

export const latentSubtract = defineNode({
  name: "LatentSubtract",
  api: "schema",
  category: "model/latent/advanced",
  description: "The difference of two latents.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples1: latent(), samples2: latent() },
  outputs: ["LATENT"],
  searchAliases: ["difference latent", "remove features"],
  execute: ({ samples1, samples2 }) => [
    withSamples(
      samples1,
      combine(samples1.samples, matchShape(samples1.samples, samples2.samples), (a, b) => a - b),
    ),
  ],
});

export const latentMultiply = defineNode({
  name: "LatentMultiply",
  api: "schema",
  category: "model/latent/advanced",
  description: "A latent times a number.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: { samples: latent(), multiplier: float({ default: 1, min: -10, max: 10, step: 0.01 }) },
  outputs: ["LATENT"],
  searchAliases: ["scale latent", "amplify latent", "latent gain"],
  execute: ({ samples, multiplier }) => {
    const factor = Math.fround(multiplier);
    return [
      withSamples(
        samples,
        mapValues(samples.samples, (value) => value * factor),
      ),
    ];
  },
});

export const latentInterpolate = defineNode({
  name: "LatentInterpolate",
  api: "schema",
  category: "model/latent/advanced",
  description: "A mix of two latents in direction and in length.",
  pythonModule: "comfy_extras.nodes_latent",
  inputs: {
    samples1: latent(),
    samples2: latent(),
    ratio: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["blend latent", "mix latent", "lerp latent", "transition"],
  execute: ({ samples1, samples2, ratio }) => [
    withSamples(
      samples1,
      directionalMix(samples1.samples, matchShape(samples1.samples, samples2.samples), ratio),
    ),
  ],
});

export const latentBlend = defineNode({
  name: "LatentBlend",
  api: "v1",
  displayName: "Latent Blend",
  category: "experimental",
  description: "A mix of two latents: 1 is the first.",
  inputs: {
    samples1: latent(),
    samples2: latent(),
    blend_factor: input<number>("FLOAT", { default: 0.5, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["LATENT"],
  searchAliases: ["mix latents", "interpolate latents"],
  execute: ({ samples1, samples2, blend_factor }) => {
    const a = samples1.samples;
    const [h = 1, w = 1] = a.shape.slice(-2);
    const b = commonUpscale(samples2.samples, w, h, "bicubic", "center");
    return [
      withSamples(
        samples1,
        combine(a, b, (x, y) => x * blend_factor + y * (1 - blend_factor)),
      ),
    ];
  },
});
