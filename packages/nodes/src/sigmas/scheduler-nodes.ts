/** Noise schedules that need no model. */
import { boolean, choice, defineNode, float, int, latent, optional, sizeOf } from "../sdk/index.ts";
import { roundHalfEven } from "../text/exact-decimal.ts";
import {
  flowShift,
  flux2Mu,
  karras,
  laplace,
  linspace,
  logitNormal,
  ltxv,
  polyexponential,
  sigmaTensor,
  variancePreserving,
} from "./schedules.ts";
import { ALIGN_YOUR_STEPS, OPTIMAL_STEPS, tableSchedule } from "./tables.ts";

export const karrasScheduler = defineNode({
  name: "KarrasScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "The schedule of Karras et al.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    steps: int({ default: 20, min: 1, max: 10000 }),
    sigma_max: float({ advanced: true, default: 14.614642, min: 0, max: 5000, step: 0.01, round: false }),
    sigma_min: float({ advanced: true, default: 0.0291675, min: 0, max: 5000, step: 0.01, round: false }),
    rho: float({ advanced: true, default: 7, min: 0, max: 100, step: 0.01, round: false }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, sigma_max, sigma_min, rho }) => [sigmaTensor(karras(steps, sigma_max, sigma_min, rho))],
});

export const exponentialScheduler = defineNode({
  name: "ExponentialScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "Even steps of the logarithm.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    steps: int({ default: 20, min: 1, max: 10000 }),
    sigma_max: float({ advanced: true, default: 14.614642, min: 0, max: 5000, step: 0.01, round: false }),
    sigma_min: float({ advanced: true, default: 0.0291675, min: 0, max: 5000, step: 0.01, round: false }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, sigma_max, sigma_min }) => [
    sigmaTensor(polyexponential(steps, sigma_max, sigma_min, 1)),
  ],
});

export const polyexponentialScheduler = defineNode({
  name: "PolyexponentialScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "Bent steps of the logarithm.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    steps: int({ default: 20, min: 1, max: 10000 }),
    sigma_max: float({ advanced: true, default: 14.614642, min: 0, max: 5000, step: 0.01, round: false }),
    sigma_min: float({ advanced: true, default: 0.0291675, min: 0, max: 5000, step: 0.01, round: false }),
    rho: float({ advanced: true, default: 1, min: 0, max: 100, step: 0.01, round: false }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, sigma_max, sigma_min, rho }) => [
    sigmaTensor(polyexponential(steps, sigma_max, sigma_min, rho)),
  ],
});

export const laplaceScheduler = defineNode({
  name: "LaplaceScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "Quantiles of a Laplace distribution.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    steps: int({ default: 20, min: 1, max: 10000 }),
    sigma_max: float({ advanced: true, default: 14.614642, min: 0, max: 5000, step: 0.01, round: false }),
    sigma_min: float({ advanced: true, default: 0.0291675, min: 0, max: 5000, step: 0.01, round: false }),
    mu: float({ advanced: true, default: 0, min: -10, max: 10, step: 0.1, round: false }),
    beta: float({ advanced: true, default: 0.5, min: 0, max: 10, step: 0.1, round: false }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, sigma_max, sigma_min, mu, beta }) => [
    sigmaTensor(laplace(steps, sigma_max, sigma_min, mu, beta)),
  ],
});

export const vpScheduler = defineNode({
  name: "VPScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "The variance preserving schedule.",
  pythonModule: "comfy_extras.nodes_custom_sampler",
  inputs: {
    steps: int({ default: 20, min: 1, max: 10000 }),
    beta_d: float({ advanced: true, default: 19.9, min: 0, max: 5000, step: 0.01, round: false }),
    beta_min: float({ advanced: true, default: 0.1, min: 0, max: 5000, step: 0.01, round: false }),
    eps_s: float({ advanced: true, default: 0.001, min: 0, max: 1, step: 0.0001, round: false }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, beta_d, beta_min, eps_s }) => [
    sigmaTensor(variancePreserving(steps, beta_d, beta_min, eps_s)),
  ],
});

export const alignYourStepsScheduler = defineNode({
  name: "AlignYourStepsScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "The schedules of Align Your Steps.",
  pythonModule: "comfy_extras.nodes_align_your_steps",
  inputs: {
    model_type: choice(["SD1", "SDXL", "SVD"]),
    steps: int({ default: 10, min: 1, max: 10000 }),
    denoise: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["SIGMAS"],
  searchAliases: ["AYS scheduler"],
  execute: ({ model_type, steps, denoise }) => [
    sigmaTensor(tableSchedule(ALIGN_YOUR_STEPS[model_type], steps, denoise)),
  ],
});

export const optimalStepsScheduler = defineNode({
  name: "OptimalStepsScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "The schedules of Optimal Stepsize.",
  pythonModule: "comfy_extras.nodes_optimalsteps",
  inputs: {
    model_type: choice(["FLUX", "Wan", "Chroma"]),
    steps: int({ default: 20, min: 3, max: 1000 }),
    denoise: float({ default: 1, min: 0, max: 1, step: 0.01 }),
  },
  outputs: ["SIGMAS"],
  execute: ({ model_type, steps, denoise }) => [
    sigmaTensor(tableSchedule(OPTIMAL_STEPS[model_type], steps, denoise)),
  ],
});

export const flux2Scheduler = defineNode({
  name: "Flux2Scheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "The schedule of Flux 2.",
  pythonModule: "comfy_extras.nodes_flux",
  inputs: {
    steps: int({ default: 20, min: 1, max: 4096 }),
    width: int({ default: 1024, min: 16, max: 16384, step: 1 }),
    height: int({ default: 1024, min: 16, max: 16384, step: 1 }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, width, height }) => {
    const mu = flux2Mu(roundHalfEven((width * height) / 256), steps);
    return [sigmaTensor(linspace(1, 0, steps + 1).map((t) => flowShift(t, mu)))];
  },
});

export const ltxvScheduler = defineNode({
  name: "LTXVScheduler",
  api: "schema",
  category: "model/sampling/schedulers",
  description: "The schedule of LTX Video.",
  pythonModule: "comfy_extras.nodes_lt",
  inputs: {
    steps: int({ default: 20, min: 1, max: 10000 }),
    max_shift: float({ default: 2.05, min: 0, max: 100, step: 0.01 }),
    base_shift: float({ default: 0.95, min: 0, max: 100, step: 0.01 }),
    stretch: boolean({
      tooltip: "Stretch the sigmas so that the last one before 0 is the terminal.",
      advanced: true,
      default: true,
    }),
    terminal: float({
      tooltip: "Last sigma before 0 after stretching.",
      advanced: true,
      default: 0.1,
      min: 0,
      max: 0.99,
      step: 0.01,
    }),
    latent: optional(latent()),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, max_shift, base_shift, stretch, terminal, latent: given }) => {
    const tokens = given === undefined ? 4096 : sizeOf(given.samples.shape.slice(2));
    return [sigmaTensor(ltxv(steps, tokens, { base: base_shift, max: max_shift }, stretch, terminal))];
  },
});

export const ideogram4Scheduler = defineNode({
  name: "Ideogram4Scheduler",
  api: "schema",
  displayName: "Ideogram 4 Scheduler",
  category: "model/sampling/schedulers",
  description: "The schedule of Ideogram 4.",
  pythonModule: "comfy_extras.nodes_ideogram4",
  inputs: {
    steps: int({ default: 20, min: 1, max: 200 }),
    width: int({ default: 1024, min: 256, max: 8192, step: 16 }),
    height: int({ default: 1024, min: 256, max: 8192, step: 16 }),
    mu: float({ default: 0, min: -10, max: 10, step: 0.05 }),
    std: float({ default: 1.75, min: 0.1, max: 5, step: 0.05 }),
  },
  outputs: ["SIGMAS"],
  execute: ({ steps, width, height, mu, std }) => [sigmaTensor(logitNormal(steps, width * height, mu, std))],
});
