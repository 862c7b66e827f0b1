/** Regrouping a list of latents into batches of one size. */
import { type Latent, type Tensor, tensor } from "../sdk/index.ts";
import { concatAlong, repeatToBatch, sliceAlong } from "./axes.ts";
import { resizePlanes } from "./resize.ts";

interface Batch {
  readonly samples: Tensor;
  /** `[b,1,8h,8w]` */
  readonly mask: Tensor;
  readonly indexes: readonly number[];
}

/**
 * Splits and joins latents, so that each holds `size` items. A change of size starts a new batch. Missing noise indexes
 * count through the whole list; masks of ones are left out.
 */
export function rebatch(latents: readonly Latent[], size: number): Latent[] {
  const out: Latent[] = [];
  let seen = 0;
  let current: Batch | undefined;
  for (const latent of latents) {
    const next = readBatch(latent, seen);
    seen += next.indexes.length;
    if (current !== undefined && !sameSize(current.samples, next.samples)) {
      out.push(toLatent(current));
      current = undefined;
    }
    current = current === undefined ? next : join(current, next);
    while (current.indexes.length > size) {
      out.push(toLatent(slice(current, 0, size)));
      current = slice(current, size, current.indexes.length);
    }
  }
  if (current !== undefined) out.push(toLatent(current));
  return out;
}

function sameSize(a: Tensor, b: Tensor): boolean {
  return (
    a.shape.length === b.shape.length &&
    a.shape.slice(1).every((length, axis) => length === b.shape[axis + 1])
  );
}

function readBatch(latent: Latent, offset: number): Batch {
  const { samples } = latent;
  const count = samples.shape[0] ?? 0;
  const [h = 1, w = 1] = samples.shape.slice(-2);
  return {
    samples,
    mask: repeatToBatch(fullMask(latent.noise_mask, w * 8, h * 8), count),
    indexes: latent.batch_index ?? Array.from({ length: count }, (_, index) => offset + index),
  };
}

function fullMask(mask: Tensor | undefined, width: number, height: number): Tensor {
  if (mask === undefined) return tensor([1, 1, height, width], new Float32Array(width * height).fill(1));
  const [h = 1, w = 1] = mask.shape.slice(-2);
  return resizePlanes(tensor([mask.data.length / (h * w), 1, h, w], mask.data), width, height, "bilinear");
}

function join(a: Batch, b: Batch): Batch {
  return {
    samples: concatAlong([a.samples, b.samples], 0),
    mask: concatAlong([a.mask, b.mask], 0),
    indexes: [...a.indexes, ...b.indexes],
  };
}

function slice(batch: Batch, start: number, end: number): Batch {
  return {
    samples: sliceAlong(batch.samples, 0, start, end),
    mask: sliceAlong(batch.mask, 0, start, end),
    indexes: batch.indexes.slice(start, end),
  };
}

function toLatent({ samples, mask, indexes }: Batch): Latent {
  const latent = { samples, batch_index: indexes };
  return mask.data.every((value) => value === 1) ? latent : { ...latent, noise_mask: mask };
}
