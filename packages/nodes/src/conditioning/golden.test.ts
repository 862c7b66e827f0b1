import { generate, type GeneratorSpec } from "../testing/generator.ts";
import { goldenSuite } from "../testing/golden-cases.ts";
import { conditioningNodes } from "./index.ts";

/** An encoder's result with the fields that a case lists. */
class RecordedVision {
  constructor(payload: Readonly<Record<string, { $tensor: GeneratorSpec }>>) {
    const fields = Object.entries(payload).map(([name, field]) => [name, generate(field.$tensor)]);
    Object.assign(this, Object.fromEntries(fields));
  }
}

goldenSuite(conditioningNodes, {
  make: {
    $clipvision: (payload) =>
      new RecordedVision(payload as unknown as ConstructorParameters<typeof RecordedVision>[0]),
  },
  describe: (value) => (value instanceof RecordedVision ? { $clipvision: { ...value } } : undefined),
});
