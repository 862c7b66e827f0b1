import { tensor } from "../sdk/index.ts";
import { goldenSuite } from "../testing/golden-cases.ts";
import { type Noise, sigmaNodes } from "./index.ts";

/** Noise as it is recorded: what it gives for a latent of zeros. */
function describe(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("generate" in value)) return undefined;
  const { seed, generate } = value as Noise;
  const shape = [1, 4, 4, 4];
  return { $noise: { probe_shape: shape, seed, value: generate({ samples: tensor(shape) }) } };
}

goldenSuite(sigmaNodes, { describe });
