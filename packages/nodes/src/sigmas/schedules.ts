/** Noise schedules: sigmas that fall from the largest to 0. All are computed in double and stored in float32. */
import { type Tensor, tensor } from "../sdk/index.ts";
import { normalQuantile } from "./normal-quantile.ts";

/** A schedule as a tensor of one axis. */
export function sigmaTensor(values: readonly number[]): Tensor {
  return tensor([values.length], Float32Array.from(values));
}

/** `count` numbers from `start` to `end`, both included; one number is `start`. */
export function linspace(start: number, end: number, count: number): number[] {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** Karras et al. (2022), equation 5. */
export function karras(steps: number, sigmaMax: number, sigmaMin: number, rho: number): number[] {
  const most = sigmaMax ** (1 / rho);
  const least = sigmaMin ** (1 / rho);
  return [...linspace(0, 1, steps).map((t) => (most + t * (least - most)) ** rho), 0];
}

/** Even steps of log σ, bent by `rho`. */
export function polyexponential(steps: number, sigmaMax: number, sigmaMin: number, rho: number): number[] {
  const [most, least] = [Math.log(sigmaMax), Math.log(sigmaMin)];
  return [...linspace(1, 0, steps).map((t) => Math.exp(t ** rho * (most - least) + least)), 0];
}

/** The variance preserving schedule with t from 1 to `epsilon`. */
export function variancePreserving(steps: number, betaD: number, betaMin: number, epsilon: number): number[] {
  const sigmas = linspace(1, epsilon, steps).map((t) =>
    Math.sqrt(Math.expm1((betaD * t * t) / 2 + betaMin * t)),
  );
  return [...sigmas, 0];
}

/** Quantiles of a Laplace distribution of log σ, clamped; no 0 is appended. */
export function laplace(
  steps: number,
  sigmaMax: number,
  sigmaMin: number,
  mu: number,
  beta: number,
): number[] {
  return linspace(0, 1, steps).map((x) => {
    const distance = 0.5 - x;
    const logSigma = mu - beta * Math.sign(distance) * Math.log(1 - 2 * Math.abs(distance) + 1e-5);
    return Math.min(Math.max(Math.exp(logSigma), sigmaMin), sigmaMax);
  });
}

/** The shift of flow schedules: `e^μ / (e^μ + 1/t − 1)`; 0 stays 0. */
export function flowShift(t: number, mu: number): number {
  return t === 0 ? 0 : Math.exp(mu) / (Math.exp(mu) + (1 / t - 1));
}

/** μ of Flux 2 from the number of image tokens and of steps. */
export function flux2Mu(tokens: number, steps: number): number {
  const at200 = 0.00016927 * tokens + 0.45666666;
  if (tokens > 4300) return at200;
  const at10 = 8.73809524e-5 * tokens + 1.89833333;
  const slope = (at200 - at10) / 190;
  return slope * steps + at200 - 200 * slope;
}

/**
 * The schedule of LTX Video: flow steps with a shift that grows with the number of latent cells.
 * @param terminal with `stretch`, the last sigma before 0
 */
export function ltxv(
  steps: number,
  tokens: number,
  shift: { readonly base: number; readonly max: number },
  stretch: boolean,
  terminal: number,
): number[] {
  const slope = (shift.max - shift.base) / (4096 - 1024);
  const mu = tokens * slope + shift.base - slope * 1024;
  const sigmas = linspace(1, 0, steps + 1).map((t) => flowShift32(t, mu));
  if (!stretch) return sigmas;
  const last = sigmas.findLast((sigma) => sigma !== 0) ?? 1;
  const scale = Math.fround(Math.fround(1 - last) / (1 - terminal));
  return sigmas.map((sigma) => (sigma === 0 ? 0 : 1 - Math.fround(Math.fround(1 - sigma) / scale)));
}

/**
 * `flowShift` rounded to float32 after every operation, a quotient being a product with the reciprocal: at t = 1 it is
 * one step below 1, without which a schedule of one step would stretch 0 by infinity.
 */
function flowShift32(t: number, mu: number): number {
  if (t === 0) return 0;
  const factor = Math.fround(Math.exp(mu));
  const rest = Math.fround(Math.fround(1 / Math.fround(t)) - 1);
  return Math.fround(Math.fround(1 / Math.fround(factor + rest)) * factor);
}

/** Bounds of the logit of a sigma: log SNR from −18 to 15. */
const LOGIT_MAX = 9;
const LOGIT_MIN = -7.5;

/** Even quantiles of a logit-normal distribution; larger pictures (in pixels) shift it up from 512². */
export function logitNormal(steps: number, pixels: number, mu: number, deviation: number): number[] {
  const mean = mu + 0.5 * Math.log(pixels / (512 * 512));
  const sigmas = linspace(1, 0, steps + 1).map((p) => {
    const logit = mean + deviation * normalQuantile(p);
    return 1 / (1 + Math.exp(-Math.min(Math.max(logit, LOGIT_MIN), LOGIT_MAX)));
  });
  return sigmas.with(-1, 0);
}
