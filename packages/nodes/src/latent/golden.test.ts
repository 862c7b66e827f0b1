import { conditioningNodes } from "../conditioning/index.ts";
import { generate, type GeneratorSpec } from "../testing/generator.ts";
import { goldenSuite } from "../testing/golden-cases.ts";
import { latentNodes, NestedTensor } from "./index.ts";

goldenSuite(latentNodes, {
  others: conditioningNodes,
  make: {
    $nested: (parts) =>
      new NestedTensor(
        (parts as unknown as { $tensor: GeneratorSpec }[]).map((part) => generate(part.$tensor)),
      ),
  },
  describe: (value) => (value instanceof NestedTensor ? { $nested: value.parts } : undefined),
});
