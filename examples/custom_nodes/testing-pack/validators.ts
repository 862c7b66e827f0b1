/** Every way in which a class can check its inputs before a prompt is accepted. */
import {
  defineNode,
  float,
  type Image,
  input,
  isTensor,
  type JsonValue,
  NodeError,
  pyStr,
  tensor,
  toNumber,
} from "@hearth/nodes/sdk";
import { filled, mixed } from "./images.ts";

const category = "Testing/Nodes";
const either = input<Image | number>("IMAGE,FLOAT", {});

/** Python's name for the type of a constant. */
function pythonType(value: JsonValue | undefined): string {
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "list";
  return typeof value === "bigint" || Number.isInteger(value) ? "int" : "dict";
}

/** What a validator may be given for an image or a float: a float, or nothing (a link). */
function wrongConstant(name: string, value: JsonValue | undefined): string | undefined {
  const isFloat = typeof value === "object" || (typeof value === "number" && !Number.isInteger(value));
  if (value === null || value === undefined || (isFloat && !Array.isArray(value))) return undefined;
  return `Invalid type of ${name}: <class '${pythonType(value)}'>`;
}

/** Images and floats in any mixture; a float counts as an even image. */
function average(a: unknown, b: unknown): Image {
  const like = isTensor(a) ? a : isTensor(b) ? b : undefined;
  const [batch = 1, height = 512, width = 512] = like?.shape ?? [];
  const asImage = (value: unknown): Image =>
    isTensor(value) ? value : filled(toNumber(value), batch, height, width);
  const half = tensor([1, height, width]);
  half.data.fill(0.5);
  return mixed(asImage(a), asImage(b), half);
}

const outputs = ["IMAGE"];

export const validatorNodes = [
  defineNode({
    name: "TestCustomValidation1",
    api: "v1",
    displayName: "Custom Validation 1",
    category,
    inputs: { input1: either, input2: either },
    outputs,
    validates: ["input1", "input2"],
    validate: ({ input1, input2 }) =>
      wrongConstant("input1", input1) ?? wrongConstant("input2", input2) ?? true,
    execute: ({ input1, input2 }) => [average(input1, input2)],
  }),
  defineNode({
    name: "TestCustomValidation2",
    api: "v1",
    displayName: "Custom Validation 2",
    category,
    inputs: { input1: either, input2: either },
    outputs,
    validates: ["input1", "input2"],
    validatesTypes: true,
    validate({ input1, input2 }, types) {
      for (const name of ["input1", "input2"]) {
        const type = types[name];
        if (type !== undefined && type !== "IMAGE" && type !== "FLOAT")
          return `Invalid type of ${name}: ${pyStr(type)}`;
      }
      return wrongConstant("input1", input1) ?? wrongConstant("input2", input2) ?? true;
    },
    execute: ({ input1, input2 }) => [average(input1, input2)],
  }),
  defineNode({
    name: "TestCustomValidation3",
    api: "v1",
    displayName: "Custom Validation 3",
    category,
    inputs: { input1: either, input2: either },
    outputs,
    execute: ({ input1, input2 }) => [average(input1, input2)],
  }),
  defineNode({
    name: "TestCustomValidation4",
    api: "v1",
    displayName: "Custom Validation 4",
    category,
    inputs: { input1: float({}), input2: float({}) },
    outputs,
    validates: ["input1", "input2"],
    validate({ input1, input2 }) {
      requireGiven({ input1, input2 });
      return wrongConstant("input1", input1) ?? wrongConstant("input2", input2) ?? true;
    },
    execute: ({ input1, input2 }) => [average(input1, input2)],
  }),
  defineNode({
    name: "TestCustomValidation5",
    api: "v1",
    displayName: "Custom Validation 5",
    category,
    inputs: { input1: float({ min: 0, max: 1 }), input2: float({ min: 0, max: 1 }) },
    outputs,
    validates: "*",
    validate({ input1, input2 }) {
      requireGiven({ input1, input2 });
      return toNumber(input2) === 7 ? "7s are not allowed. I've never liked 7s." : true;
    },
    execute: ({ input1, input2 }) => [average(input1, input2)],
  }),
];

/** These classes look their inputs up without asking whether they are there. */
function requireGiven(values: Record<string, JsonValue | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) throw new NodeError(`'${name}'`, "KeyError");
  }
}
