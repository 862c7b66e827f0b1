import { goldenSuite } from "../testing/golden-cases.ts";
import type { Curve } from "./curve.ts";
import { logicNodes } from "./index.ts";

/** A curve as it is recorded: its kind and 17 samples. */
function describe(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("sample" in value)) return undefined;
  const { kind, sample } = value as Curve;
  return { $curve: { kind, samples: Array.from({ length: 17 }, (_, index) => sample(index / 16)) } };
}

goldenSuite(logicNodes, { describe });
