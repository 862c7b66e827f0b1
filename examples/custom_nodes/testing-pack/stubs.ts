/** Sources: images, masks and numbers out of nothing. */
import { choiceOf, size } from "./inputs.ts";
import { defineNode, float, int, tensor } from "@hearth/nodes/sdk";
import { filled, mapImage } from "./images.ts";

const category = "Testing/Stub Nodes";

export const stubNodes = [
  defineNode({
    name: "StubImage",
    api: "v1",
    displayName: "Stub Image",
    category,
    inputs: { content: choiceOf(["WHITE", "BLACK", "NOISE"]), ...size },
    outputs: ["IMAGE"],
    execute({ content, height, width, batch_size }, context) {
      const image = filled(content === "WHITE" ? 1 : 0, batch_size, height, width);
      return [content === "NOISE" ? mapImage(image, () => context.random()) : image];
    },
  }),
  defineNode({
    name: "StubConstantImage",
    api: "v1",
    displayName: "Stub Constant Image",
    category,
    inputs: { value: float({ default: 0.5, min: 0, max: 1, step: 0.01 }), ...size },
    outputs: ["IMAGE"],
    execute: ({ value, height, width, batch_size }) => [filled(value, batch_size, height, width)],
  }),
  defineNode({
    name: "StubMask",
    api: "v1",
    displayName: "Stub Mask",
    category,
    inputs: { value: float({ default: 0.5, min: 0, max: 1, step: 0.01 }), ...size },
    outputs: ["MASK"],
    execute({ value, height, width, batch_size }) {
      const mask = tensor([batch_size, height, width]);
      mask.data.fill(value);
      return [mask];
    },
  }),
  defineNode({
    name: "StubInt",
    api: "v1",
    displayName: "Stub Int",
    category,
    inputs: { value: int({ default: 0, min: -4294967295, max: 4294967295, step: 1 }) },
    outputs: ["INT"],
    execute: ({ value }) => [value],
  }),
  defineNode({
    name: "StubFloat",
    api: "v1",
    displayName: "Stub Float",
    category,
    inputs: { value: float({ default: 0, min: -1e38, max: 1e38, step: 0.01 }) },
    outputs: ["FLOAT"],
    execute: ({ value }) => [value],
  }),
];
