import { isTensor } from "../sdk/index.ts";
import { generate, type GeneratorSpec } from "../testing/generator.ts";
import { goldenSuite } from "../testing/golden-cases.ts";
import { conditioningNodes } from "./index.ts";

/** The encoder's result: a record of tensors. */
function makeClipVision(payload: unknown): Record<string, unknown> {
  const fields = Object.entries(payload as Record<string, { $tensor: GeneratorSpec }>);
  return Object.fromEntries(fields.map(([name, field]) => [name, generate(field.$tensor)]));
}

function describe(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("image_embeds" in value)) return undefined;
  return isTensor(value.image_embeds) ? { $clipvision: value } : undefined;
}

goldenSuite(conditioningNodes, { make: { $clipvision: makeClipVision }, describe });
