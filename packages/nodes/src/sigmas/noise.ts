/** Noise for latents, as a value that travels between nodes. */
import { Mt19937 } from "../kernels/random.ts";
import { type Latent, sizeOf, type Tensor, tensor } from "../sdk/index.ts";
import { concatAlong } from "../latent/axes.ts";

export interface Noise {
  readonly seed: number | bigint;
  /** Noise in the shape of the latent's samples. */
  generate(latent: Latent): Tensor;
}

/**
 * Normal noise of a seed. With `batch_index` every item is drawn apart, and each index names one draw: items taken out
 * of a batch keep their noise.
 */
export function seededNoise(seed: number | bigint): Noise {
  return {
    seed,
    generate: ({ samples, batch_index: indexes }) => {
      const generator = new Mt19937(seed);
      if (indexes === undefined) return tensor(samples.shape, generator.normals(sizeOf(samples.shape)));
      const shape = samples.shape.with(0, 1);
      const needed = new Set(indexes);
      const drawn = new Map<number, Tensor>();
      for (let index = 0; index <= Math.max(...indexes); index += 1) {
        const item = generator.normals(sizeOf(shape));
        if (needed.has(index)) drawn.set(index, tensor(shape, item));
      }
      return concatAlong(
        indexes.flatMap((index) => drawn.get(index) ?? []),
        0,
      );
    },
  };
}

/** No noise at all. */
export function zeroNoise(): Noise {
  return { seed: 0, generate: ({ samples }) => tensor(samples.shape) };
}
