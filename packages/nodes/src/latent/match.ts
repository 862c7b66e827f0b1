/** Bringing latents to the shape of another one. */
import type { Latent, Tensor } from "../sdk/index.ts";
import { repeatToBatch } from "./axes.ts";
import { commonUpscale } from "./resize.ts";

function sameItems(a: Tensor, b: Tensor): boolean {
  return (
    a.shape.length === b.shape.length &&
    a.shape.every((length, axis) => axis === 0 || length === b.shape[axis])
  );
}

/** Resizes `given` to the item shape of `target` (bilinear, centre crop); the batch stays. */
export function matchSize(target: Tensor, given: Tensor): Tensor {
  if (sameItems(target, given)) return given;
  const [height = 1, width = 1] = target.shape.slice(-2);
  return commonUpscale(given, width, height, "bilinear", "center");
}

/** Like `matchSize`, and repeats the batch to that of `target`. */
export function matchShape(target: Tensor, given: Tensor): Tensor {
  return repeatToBatch(matchSize(target, given), target.shape[0] ?? 1);
}

/** The latent with other samples; everything else travels along. */
export function withSamples(latent: Latent, samples: Tensor): Latent {
  return { ...latent, samples };
}

/** The noise indexes of a batch: as stored, or counted from 0. */
export function batchIndexes(latent: Latent): readonly number[] {
  return latent.batch_index ?? Array.from({ length: latent.samples.shape[0] ?? 0 }, (_, index) => index);
}
