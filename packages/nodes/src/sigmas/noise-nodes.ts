/** Sources of noise. */
import { bigInt, defineNode } from "../sdk/index.ts";
import { seededNoise, zeroNoise } from "./noise.ts";

export const randomNoise = defineNode({
  name: "RandomNoise",
  api: "schema",
  category: "model/sampling/noise",
  description: "Noise of a seed.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    noise_seed: bigInt({ default: 0, min: 0, max: 18446744073709551615n, control_after_generate: true }),
  },
  outputs: ["NOISE"],
  execute: ({ noise_seed }) => [seededNoise(noise_seed)],
});

export const disableNoise = defineNode({
  name: "DisableNoise",
  api: "schema",
  category: "model/sampling/noise",
  description: "No noise.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {},
  outputs: ["NOISE"],
  searchAliases: ["zero noise"],
  execute: () => [zeroNoise()],
});
