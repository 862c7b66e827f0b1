/** Choices, truth, lists. */
import { any, autogrow, boolean, defineNode, input } from "../sdk/index.ts";
import { isTruthy } from "./truthiness.ts";

export const comfySwitchNode = defineNode({
  name: "ComfySwitchNode",
  api: "schema",
  displayName: "If/Else Switch",
  category: "utilities/logic",
  description: "Passes one of two values; the other is not computed.",
  pythonModule: "comfy_extras.nodes_logic",
  inputs: {
    switch: boolean(),
    on_false: input("COMFY_MATCHTYPE_V3", {
      lazy: true,
      template: { template_id: "switch", allowed_types: "*" },
    }),
    on_true: input("COMFY_MATCHTYPE_V3", {
      lazy: true,
      template: { template_id: "switch", allowed_types: "*" },
    }),
  },
  outputs: [{ type: "COMFY_MATCHTYPE_V3", name: "output", matches: "switch" }],
  experimental: true,
  searchAliases: ["if", "then", "switch", "conditional", "branch"],
  checkLazy: ({ switch: on, on_false, on_true }) => {
    if (on) return on_true === undefined ? ["on_true"] : [];
    return on_false === undefined ? ["on_false"] : [];
  },
  execute: ({ switch: on, on_false, on_true }) => [on ? on_true : on_false],
});

export const comfyNotNode = defineNode({
  name: "ComfyNotNode",
  api: "schema",
  displayName: "Not",
  category: "utilities/logic",
  description: "True for what Python takes as false.",
  pythonModule: "comfy_extras.nodes_logic",
  inputs: { value: any() },
  outputs: ["BOOLEAN"],
  searchAliases: ["invert", "toggle", "negate", "flip boolean"],
  execute: ({ value }) => [!isTruthy(value)],
});

export const comfyAndNode = defineNode({
  name: "ComfyAndNode",
  api: "schema",
  displayName: "And",
  category: "utilities/logic",
  description: "Whether all values are true.",
  pythonModule: "comfy_extras.nodes_logic",
  inputs: {
    values: autogrow<unknown>({
      input: { required: { value: ["*", {}] } },
      prefix: "value",
      min: 1,
      max: 10,
    }),
  },
  outputs: ["BOOLEAN"],
  searchAliases: ["all", "every"],
  execute: ({ values }) => [Object.values(values).every(isTruthy)],
});

export const comfyOrNode = defineNode({
  name: "ComfyOrNode",
  api: "schema",
  displayName: "Or",
  category: "utilities/logic",
  description: "Whether any value is true.",
  pythonModule: "comfy_extras.nodes_logic",
  inputs: {
    values: autogrow<unknown>({
      input: { required: { value: ["*", {}] } },
      prefix: "value",
      min: 1,
      max: 10,
    }),
  },
  outputs: ["BOOLEAN"],
  searchAliases: ["any", "some"],
  execute: ({ values }) => [Object.values(values).some(isTruthy)],
});

export const createList = defineNode({
  name: "CreateList",
  api: "schema",
  displayName: "Create List",
  category: "utilities",
  description: "One list of all values.",
  pythonModule: "comfy_extras.nodes_toolkit",
  inputs: {
    inputs: autogrow<unknown>({
      input: {
        required: {
          input: ["COMFY_MATCHTYPE_V3", { template: { template_id: "type", allowed_types: "*" } }],
        },
      },
      prefix: "input",
      min: 1,
      max: 10,
    }),
  },
  outputs: [{ type: "COMFY_MATCHTYPE_V3", name: "list", list: true, matches: "type" }],
  inputIsList: true,
  searchAliases: ["Image Iterator", "Text Iterator", "Iterator"],
  execute: ({ inputs }) => {
    // Every input is a list of its own here, so the group is a record of lists.
    const lists = inputs as unknown as Readonly<Record<string, readonly unknown[]>>;
    return [Object.values(lists).flat(1)];
  },
});
