/** Schedules that were searched for single models, and how other step counts are read from them. */
import { roundHalfEven } from "../text/exact-decimal.ts";
import { linspace } from "./schedules.ts";

/** Align Your Steps (Sabour et al., 2024): the published ten-step schedules. */
export const ALIGN_YOUR_STEPS = {
  SD1: [
    14.6146412293, 6.4745760956, 3.8636745985, 2.694615152, 1.8841921177, 1.3943805092, 0.9642583904,
    0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582,
  ],
  SDXL: [
    14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289,
    0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582,
  ],
  SVD: [700, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
} as const;

/** Optimal Stepsize for Diffusion Sampling (Pei et al., 2025). */
export const OPTIMAL_STEPS = {
  FLUX: [0.9968, 0.9886, 0.9819, 0.975, 0.966, 0.9471, 0.9158, 0.8287, 0.5512, 0.2808, 0.001],
  Wan: [
    1, 0.997, 0.995, 0.993, 0.991, 0.989, 0.987, 0.985, 0.98, 0.975, 0.973, 0.968, 0.96, 0.946, 0.927, 0.902,
    0.864, 0.776, 0.539, 0.208, 0.001,
  ],
  Chroma: [
    0.992, 0.988, 0.982, 0.973, 0.961, 0.943, 0.917, 0.881, 0.832, 0.769, 0.69, 0.599, 0.501, 0.402, 0.311,
    0.232, 0.169, 0.12, 0.084, 0.058, 0.001,
  ],
} as const;

/** `count` values on the log-linear line through a table. */
function logLinear(table: readonly number[], count: number): number[] {
  return linspace(0, table.length - 1, count).map((position) => {
    const low = Math.min(Math.floor(position), table.length - 2);
    const [from = 1, to = 1] = table.slice(low, low + 2);
    return Math.exp(Math.log(from) + (Math.log(to) - Math.log(from)) * (position - low));
  });
}

/** The last `denoise` part of a table read with `steps` steps, ending in 0; empty when nothing is denoised. */
export function tableSchedule(table: readonly number[], steps: number, denoise: number): number[] {
  if (denoise <= 0) return [];
  const total = denoise < 1 ? roundHalfEven(steps * denoise) : steps;
  const sigmas = steps + 1 === table.length ? [...table] : logLinear(table, steps + 1);
  return sigmas.slice(-(total + 1)).with(-1, 0);
}
