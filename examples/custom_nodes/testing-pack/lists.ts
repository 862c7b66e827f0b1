/** List outputs, whole-list inputs, and accumulations: lists that are one value. */
import { defineNode, input, int, NodeError, optional } from "@hearth/nodes/sdk";

import { expectTypes } from "./inputs.ts";

const category = "Testing/Lists";

interface Accumulation {
  readonly accum: readonly unknown[];
}

const accumulation = input<Accumulation>("ACCUMULATION");

/** Negative indices count from the end. */
function position({ accum }: Accumulation, index: number): number {
  const at = index < 0 ? accum.length + index : index;
  if (at < 0 || at >= accum.length) throw new NodeError("list index out of range", "IndexError");
  return at;
}

const more = (name: number): string => `value${name}`;
const optionalValues = Object.fromEntries(
  Array.from({ length: 9 }, (_, index) => [more(index + 1), optional(input("*"))]),
);

export const listNodes = [
  defineNode({
    name: "TestAccumulateNode",
    api: "v1",
    displayName: "Accumulate",
    category,
    inputs: { to_add: input("*"), accumulation: optional(accumulation) },
    outputs: ["ACCUMULATION"],
    execute: (given) => [{ accum: [...(given.accumulation?.accum ?? []), given.to_add] }],
  }),
  defineNode({
    name: "TestAccumulationHeadNode",
    api: "v1",
    displayName: "Accumulation Head",
    category,
    inputs: { accumulation },
    ...expectTypes({ accumulation: "ACCUMULATION" }),
    outputs: ["ACCUMULATION", "*"],
    execute: (given) => [{ accum: given.accumulation.accum.slice(1) }, given.accumulation.accum[0] ?? null],
  }),
  defineNode({
    name: "TestAccumulationTailNode",
    api: "v1",
    displayName: "Accumulation Tail",
    category,
    inputs: { accumulation },
    ...expectTypes({ accumulation: "ACCUMULATION" }),
    outputs: ["ACCUMULATION", "*"],
    execute: (given) => [
      { accum: given.accumulation.accum.slice(0, -1) },
      given.accumulation.accum.at(-1) ?? null,
    ],
  }),
  defineNode({
    name: "TestAccumulationToListNode",
    api: "v1",
    displayName: "Accumulation to List",
    category,
    inputs: { accumulation },
    ...expectTypes({ accumulation: "ACCUMULATION" }),
    outputs: [{ type: "*", list: true }],
    execute: (given) => [given.accumulation.accum],
  }),
  defineNode({
    name: "TestListToAccumulationNode",
    api: "v1",
    displayName: "List to Accumulation",
    category,
    inputs: { list: input("*") },
    inputIsList: true,
    outputs: ["ACCUMULATION"],
    execute: ({ list }) => [{ accum: list }],
  }),
  defineNode({
    name: "TestAccumulationGetLengthNode",
    api: "v1",
    displayName: "Accumulation Get Length",
    category,
    inputs: { accumulation },
    ...expectTypes({ accumulation: "ACCUMULATION" }),
    outputs: ["INT"],
    execute: (given) => [given.accumulation.accum.length],
  }),
  defineNode({
    name: "TestAccumulationGetItemNode",
    api: "v1",
    displayName: "Accumulation Get Item",
    category,
    inputs: { accumulation, index: int({ default: 0, step: 1 }) },
    ...expectTypes({ accumulation: "ACCUMULATION" }),
    outputs: ["*"],
    execute: (given) => [given.accumulation.accum[position(given.accumulation, given.index)]],
  }),
  defineNode({
    name: "TestAccumulationSetItemNode",
    api: "v1",
    displayName: "Accumulation Set Item",
    category,
    inputs: { accumulation, index: int({ default: 0, step: 1 }), value: input("*") },
    outputs: ["ACCUMULATION"],
    execute: (given) => [
      { accum: given.accumulation.accum.with(position(given.accumulation, given.index), given.value) },
    ],
  }),
  defineNode({
    name: "TestMakeListNode",
    api: "v1",
    displayName: "Make List",
    category,
    inputs: { value1: input("*"), ...optionalValues },
    outputs: [{ type: "*", list: true }],
    acceptsAllInputs: true,
    execute(given) {
      const values = given as Record<string, unknown>;
      return [
        Object.keys(values)
          .filter((name) => /^value\d+$/.test(name) && values[name] !== undefined)
          .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
          .map((name) => values[name]),
      ];
    },
  }),
];
