/** Values typed in by hand. */
import { bigInt, boolean, choice, defineNode, input, int, string } from "../sdk/index.ts";

export const primitiveInt = defineNode({
  name: "PrimitiveInt",
  api: "schema",
  displayName: "Int",
  category: "utilities/primitive",
  description: "An integer.",
  pythonModule: "comfy_extras.nodes_primitive",
  inputs: {
    value: bigInt({ min: -9223372036854775807n, max: 9223372036854775807n, control_after_generate: "fixed" }),
  },
  outputs: ["INT"],
  execute: ({ value }) => [value],
});

export const primitiveFloat = defineNode({
  name: "PrimitiveFloat",
  api: "schema",
  displayName: "Float",
  category: "utilities/primitive",
  description: "A float.",
  pythonModule: "comfy_extras.nodes_primitive",
  inputs: {
    value: input<number>("FLOAT", { min: -9223372036854775807n, max: 9223372036854775807n, step: 0.1 }),
  },
  outputs: ["FLOAT"],
  execute: ({ value }) => [value],
});

export const primitiveString = defineNode({
  name: "PrimitiveString",
  api: "schema",
  displayName: "Text",
  category: "utilities/primitive",
  description: "A text.",
  pythonModule: "comfy_extras.nodes_primitive",
  inputs: { value: string({ multiline: false }) },
  outputs: ["STRING"],
  searchAliases: ["text", "string", "text box", "prompt"],
  execute: ({ value }) => [value],
});

export const primitiveStringMultiline = defineNode({
  name: "PrimitiveStringMultiline",
  api: "schema",
  displayName: "Text (Multiline)",
  category: "utilities/primitive",
  description: "A text of several lines.",
  pythonModule: "comfy_extras.nodes_primitive",
  inputs: { value: string({ multiline: true }) },
  outputs: ["STRING"],
  searchAliases: ["text", "string", "text multiline", "string multiline", "text box", "prompt"],
  essentialsCategory: "Basics",
  execute: ({ value }) => [value],
});

export const primitiveBoolean = defineNode({
  name: "PrimitiveBoolean",
  api: "schema",
  displayName: "Boolean",
  category: "utilities/primitive",
  description: "True or false.",
  pythonModule: "comfy_extras.nodes_primitive",
  inputs: { value: boolean() },
  outputs: ["BOOLEAN"],
  execute: ({ value }) => [value],
});

export const primitiveBoundingBox = defineNode({
  name: "PrimitiveBoundingBox",
  api: "schema",
  displayName: "Bounding Box",
  category: "utilities/primitive",
  description: "A rectangle in pixels.",
  pythonModule: "comfy_extras.nodes_images",
  inputs: {
    x: int({ default: 0, min: 0, max: 16384 }),
    y: int({ default: 0, min: 0, max: 16384 }),
    width: int({ default: 512, min: 1, max: 16384 }),
    height: int({ default: 512, min: 1, max: 16384 }),
  },
  outputs: ["BOUNDING_BOX"],
  execute: ({ x, y, width, height }) => [{ x, y, width, height }],
});

export const seedNode = defineNode({
  name: "SeedNode",
  api: "schema",
  displayName: "Seed",
  category: "utilities",
  description: "A seed.",
  pythonModule: "comfy_extras.nodes_seed",
  inputs: { seed: bigInt({ min: 0, max: 9223372036854775807n, control_after_generate: "fixed" }) },
  outputs: [{ type: "INT", name: "seed" }],
  searchAliases: ["seed", "random"],
  execute: ({ seed }) => [seed],
});

export const customCombo = defineNode({
  name: "CustomCombo",
  api: "schema",
  displayName: "Custom Combo",
  category: "utilities",
  description: "One of the options written into the node, and its place among them.",
  pythonModule: "comfy_extras.nodes_logic",
  inputs: { choice: choice<string>([]) },
  outputs: ["STRING", { type: "INT", name: "INDEX" }],
  experimental: true,
  // The front end writes the options and the index beside the choice; neither is declared.
  acceptsAllInputs: true,
  validates: ["choice"],
  validate: () => true,
  execute: ({ choice: chosen, ...rest }) => [chosen, (rest as { index?: unknown }).index ?? 0],
});
