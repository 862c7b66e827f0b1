/** Cutting and changing sigmas. */
import { choice, defineNode, float, int, sigmas, string, type Tensor } from "../sdk/index.ts";
import { sliceAlong } from "../latent/axes.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import { linspace, sigmaTensor } from "./schedules.ts";

function slice(given: Tensor, start: number, end: number): Tensor {
  return sliceAlong(given, 0, start, end);
}

/** How far between two sigmas a point lies that is the part `x` of the way. */
const SPACING = {
  linear: (x: number) => x,
  cosine: (x: number) => Math.sin((x * Math.PI) / 2),
  sine: (x: number) => 1 - Math.cos((x * Math.PI) / 2),
} as const;

export const splitSigmas = defineNode({
  name: "SplitSigmas",
  api: "schema",
  category: "model/sampling/sigmas",
  description: "The sigmas before and after a step; both hold the one at the step.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: { sigmas: sigmas(), step: int({ default: 0, min: 0, max: 10000 }) },
  outputs: [
    { type: "SIGMAS", name: "high_sigmas" },
    { type: "SIGMAS", name: "low_sigmas" },
  ],
  execute: ({ sigmas: given, step }) => [
    slice(given, 0, step + 1),
    slice(given, step, Number.POSITIVE_INFINITY),
  ],
});

export const splitSigmasDenoise = defineNode({
  name: "SplitSigmasDenoise",
  api: "schema",
  category: "model/sampling/sigmas",
  description: "The sigmas before and in the denoised part.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: { sigmas: sigmas(), denoise: float({ default: 1, min: 0, max: 1, step: 0.01 }) },
  outputs: [
    { type: "SIGMAS", name: "high_sigmas" },
    { type: "SIGMAS", name: "low_sigmas" },
  ],
  execute: ({ sigmas: given, denoise }) => {
    const length = given.data.length;
    const low = roundHalfEven(Math.max(length - 1, 0) * denoise);
    // Without low sigmas the high part is empty, not everything.
    return [
      slice(given, 0, low === 0 ? 0 : length - low),
      slice(given, Math.max(length - low - 1, 0), length),
    ];
  },
});

export const flipSigmas = defineNode({
  name: "FlipSigmas",
  api: "schema",
  category: "model/sampling/sigmas",
  description: "The sigmas in reverse, for adding noise.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: { sigmas: sigmas() },
  outputs: ["SIGMAS"],
  execute: ({ sigmas: given }) => {
    const flipped = given.data.toReversed();
    // A schedule cannot start without noise.
    if (flipped[0] === 0) flipped[0] = 0.0001;
    return [sigmaTensor([...flipped])];
  },
});

export const setFirstSigma = defineNode({
  name: "SetFirstSigma",
  api: "schema",
  category: "model/sampling/sigmas",
  description: "Replaces the first sigma.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: { sigmas: sigmas(), sigma: float({ default: 136, min: 0, max: 20000, step: 0.001, round: false }) },
  outputs: ["SIGMAS"],
  execute: ({ sigmas: given, sigma }) => [sigmaTensor([sigma, ...given.data.subarray(1)])],
});

export const extendIntermediateSigmas = defineNode({
  name: "ExtendIntermediateSigmas",
  api: "schema",
  category: "model/sampling/sigmas",
  description: "Puts further sigmas between those of a range.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    sigmas: sigmas(),
    steps: int({ default: 2, min: 1, max: 100 }),
    start_at_sigma: float({ default: -1, min: -1, max: 20000, step: 0.01, round: false }),
    end_at_sigma: float({ default: 12, min: 0, max: 20000, step: 0.01, round: false }),
    spacing: choice(["linear", "cosine", "sine"]),
  },
  outputs: ["SIGMAS"],
  searchAliases: ["interpolate sigmas"],
  execute: ({ sigmas: given, steps, start_at_sigma, end_at_sigma, spacing }) => {
    const start = start_at_sigma < 0 ? Number.POSITIVE_INFINITY : start_at_sigma;
    const parts = linspace(0, 1, steps + 1)
      .slice(1, -1)
      .map(SPACING[spacing]);
    const values = [...given.data];
    const extended = values.flatMap((sigma, index) => {
      const next = values[index + 1];
      if (next === undefined || sigma > start || sigma < end_at_sigma) return [sigma];
      return [sigma, ...parts.map((part) => sigma - (sigma - next) * part)];
    });
    return [sigmaTensor(extended)];
  },
});

export const manualSigmas = defineNode({
  name: "ManualSigmas",
  api: "schema",
  category: "model/sampling/sigmas",
  description: "Sigmas typed in by hand.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: { sigmas: string({ default: "1, 0.5", multiline: false }) },
  outputs: ["SIGMAS"],
  experimental: true,
  searchAliases: ["custom noise schedule", "define sigmas"],
  execute: ({ sigmas: text }) => [sigmaTensor((text.match(/[-+]?\d*\.?\d+/g) ?? []).map(Number))],
});
