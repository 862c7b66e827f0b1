/** Loops by expansion, and values that stop what depends on them. */
import {
  boolean,
  defineNode,
  type DynamicPrompt,
  ExecutionBlocker,
  input,
  int,
  isLink,
  optional,
  OutputLink,
} from "@hearth/nodes/sdk";

import { expectTypes } from "./inputs.ts";

const category = "Testing/Flow";
type Link = [string, number];

const rawFlow = input<Link>("FLOW_CONTROL", { rawLink: true });
const any = input<unknown>("*");
const raw = input<unknown>("*", { rawLink: true });

/** Ids of the nodes that lie between `open` and `close`, both included: what a loop repeats. */
function loopBody(prompt: DynamicPrompt, open: string, close: string): Set<string> {
  const body = new Set([open]);
  const known = new Map<string, boolean>([[open, true]]);
  // Depth first: a node belongs to the loop when any of its sources does.
  const visit = (id: string): boolean => {
    const seen = known.get(id);
    if (seen !== undefined) return seen;
    known.set(id, false);
    const inputs = Object.values(prompt.getNode(id)["inputs"] as Record<string, unknown>);
    const inside = inputs
      .filter(isLink)
      .map(([source]) => visit(source))
      .some(Boolean);
    known.set(id, inside);
    if (inside) body.add(id);
    return inside;
  };
  visit(close);
  body.add(close);
  return body;
}

const VALUES = [0, 1, 2, 3, 4] as const;

export const flowNodes = [
  defineNode({
    name: "TestWhileLoopOpen",
    api: "v1",
    displayName: "While Loop Open",
    category,
    inputs: {
      condition: boolean({ default: true }),
      initial_value0: optional(any),
      initial_value1: optional(any),
      initial_value2: optional(any),
      initial_value3: optional(any),
      initial_value4: optional(any),
    },
    outputs: [
      { type: "FLOW_CONTROL", name: "FLOW_CONTROL" },
      ...VALUES.map((index) => ({ type: "*", name: `value${index}` })),
    ],
    execute: (given) => [
      "stub",
      given.initial_value0,
      given.initial_value1,
      given.initial_value2,
      given.initial_value3,
      given.initial_value4,
    ],
  }),
  defineNode({
    name: "TestWhileLoopClose",
    api: "v1",
    displayName: "While Loop Close",
    category,
    inputs: {
      flow_control: rawFlow,
      condition: boolean({ forceInput: true }),
      initial_value0: optional(any),
      initial_value1: optional(any),
      initial_value2: optional(any),
      initial_value3: optional(any),
      initial_value4: optional(any),
    },
    hidden: { dynprompt: "DYNPROMPT", unique_id: "UNIQUE_ID" },
    outputs: VALUES.map((index) => ({ type: "*", name: `value${index}` })),
    ...expectTypes({ flow_control: "FLOW_CONTROL", condition: "BOOLEAN" }),
    execute(given, context) {
      const values = given as Record<string, unknown>;
      if (!given.condition) return VALUES.map((index) => values[`initial_value${index}`]);
      const prompt = context.dynamicPrompt;
      const open = given.flow_control[0];
      const body = loopBody(prompt, open, context.nodeId);
      const graph = context.graph();
      const nameOf = (id: string): string => (id === context.nodeId ? "Recurse" : id);
      for (const id of body) {
        const node = prompt.getNode(id);
        graph.node(String(node["class_type"]), {}, nameOf(id)).displayAs(prompt.displayIdOf(id));
      }
      for (const id of body) {
        const clone = graph.lookup(nameOf(id));
        for (const [name, value] of Object.entries(prompt.getNode(id)["inputs"] as Record<string, unknown>)) {
          const source = isLink(value) && body.has(value[0]) ? graph.lookup(nameOf(value[0])) : undefined;
          clone?.set(name, source === undefined ? value : source.out((value as Link)[1]));
        }
      }
      for (const index of VALUES)
        graph.lookup(open)?.set(`initial_value${index}`, values[`initial_value${index}`]);
      const next = graph.lookup("Recurse")?.id ?? "";
      return { outputs: VALUES.map((index) => new OutputLink(next, index)), expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestForLoopOpen",
    api: "v1",
    displayName: "For Loop Open",
    category,
    inputs: {
      remaining: int({ default: 1, min: 0, max: 100000, step: 1 }),
      initial_value1: optional(any),
      initial_value2: optional(any),
      initial_value3: optional(any),
      initial_value4: optional(any),
    },
    hidden: { initial_value0: "*" },
    acceptsAllInputs: true,
    outputs: [
      { type: "FLOW_CONTROL", name: "flow_control" },
      { type: "INT", name: "remaining" },
      ...[1, 2, 3, 4].map((index) => ({ type: "*", name: `value${index}` })),
    ],
    execute(given, context) {
      const counter = (given as { initial_value0?: number }).initial_value0;
      const remaining = counter ?? given.remaining;
      const graph = context.graph();
      graph.node("TestWhileLoopOpen", {
        condition: remaining > 0,
        initial_value0: remaining,
        initial_value1: given.initial_value1,
        initial_value2: given.initial_value2,
        initial_value3: given.initial_value3,
        initial_value4: given.initial_value4,
      });
      return {
        outputs: [
          "stub",
          remaining,
          given.initial_value1,
          given.initial_value2,
          given.initial_value3,
          given.initial_value4,
        ],
        expand: graph.build(),
      };
    },
  }),
  defineNode({
    name: "TestForLoopClose",
    api: "v1",
    displayName: "For Loop Close",
    category,
    inputs: {
      flow_control: rawFlow,
      initial_value1: optional(raw),
      initial_value2: optional(raw),
      initial_value3: optional(raw),
      initial_value4: optional(raw),
    },
    outputs: [1, 2, 3, 4].map((index) => ({ type: "*", name: `value${index}` })),
    ...expectTypes({ flow_control: "FLOW_CONTROL" }),
    execute(given, context) {
      const graph = context.graph();
      const open = given.flow_control[0];
      const less = graph.node("TestIntMathOperation", { operation: "subtract", a: [open, 1], b: 1 });
      const goesOn = graph.node("TestToBoolNode", { value: less.out(0) });
      const close = graph.node("TestWhileLoopClose", {
        flow_control: given.flow_control,
        condition: goesOn.out(0),
        initial_value0: less.out(0),
      });
      const values = given as Record<string, unknown>;
      for (const index of [1, 2, 3, 4]) {
        const value = values[`initial_value${index}`];
        if (value !== undefined) close.set(`initial_value${index}`, value);
      }
      return { outputs: [1, 2, 3, 4].map((index) => new OutputLink(close.id, index)), expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestExecutionBlocker",
    api: "v1",
    displayName: "Execution Blocker",
    category,
    inputs: {
      input: any,
      block: boolean(),
      verbose: boolean({ default: false }),
    },
    outputs: [{ type: "*", name: "output" }],
    execute(given) {
      if (!given.block) return [given.input];
      return [new ExecutionBlocker(given.verbose ? "Blocked Execution" : undefined)];
    },
  }),
];
