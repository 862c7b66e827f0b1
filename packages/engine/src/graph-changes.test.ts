/** What changes the graph while it runs: lazy inputs, expansions, blockers, lists. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { OutputLink } from "./expansion.ts";
import { any, lazy, node, nodeClass, recorder } from "./test-nodes.ts";

test("a lazy node is announced twice and only what it asks for runs", async () => {
  const { run, said } = recorder();
  const prompt = {
    "1": node("Value", { value: "a" }),
    "2": node("Value", { value: "b" }),
    "3": node("Switch", { on: true, yes: ["1", 0], no: ["2", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  };
  await run(prompt);
  assert.deepEqual(said(), [
    "start",
    "cached ",
    "executing 3 3",
    "executing 1 1",
    "executing 3 3",
    "executing 4 4",
    'executed 4 {"text":["a"]}',
    "success",
  ]);
});

test("a lazy node without a cache gets a value that another node has let go", async () => {
  const { run } = recorder([], { kind: "none" });
  const result = await run({
    "1": node("Value", { value: "a" }),
    "2": node("Show", { value: ["1", 0] }),
    "3": node("Switch", { on: true, yes: ["1", 0], no: ["1", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  });
  assert.deepEqual(result.outputs, { "2": { text: ["a"] }, "4": { text: ["a"] } });
});

const grow = nodeClass("Grow", {
  required: { value: any },
  execute: ({ value }, context) => {
    const graph = context.graph();
    const one = graph.node("Copy", { value });
    const two = graph.node("Copy", { value: one.out(0) }, "named");
    return { outputs: [two.out(0), "plain"], expand: graph.build() };
  },
});

test("an expansion runs under new ids, shown as its parent, and its values take the parent's place", async () => {
  const { run, said } = recorder([grow]);
  const prompt = {
    "3": node("Grow", { value: 7 }),
    "4": node("Show", { value: ["3", 0] }),
    "5": node("Show", { value: ["3", 1] }),
  };
  const result = await run(prompt);
  assert.deepEqual(said(), [
    "start",
    "cached ",
    "executing 3 3",
    "executing 3.0.0.1 3",
    "executing 3.0.0.named 3",
    "executing 4 4",
    'executed 4 {"text":[7]}',
    "executing 5 5",
    'executed 5 {"text":["plain"]}',
    "success",
  ]);
  assert.deepEqual(Object.keys(result.nodeTimes), ["3", "4", "5"]);
  await run(prompt);
  assert.deepEqual(said().slice(0, 2), ["start", "cached 3,4,5"]);
});

test("results of an expansion are found again when its parent runs again", async () => {
  let calls = 0;
  const again = nodeClass("Again", {
    required: { value: any },
    fingerprint: () => Number.NaN,
    execute: grow.execute,
  });
  const counted = nodeClass("Copy", {
    required: { value: any },
    execute: ({ value }) => ((calls += 1), [value]),
  });
  const { run } = recorder([again, counted]);
  const prompt = { "3": node("Again", { value: 7 }), "4": node("Show", { value: ["3", 0] }) };
  await run(prompt);
  const result = await run(prompt);
  assert.equal(calls, 2);
  assert.deepEqual(result.outputs, { "4": { text: [7] } });
});

test("output nodes of an expansion run, and show what they have under their parent's id", async () => {
  const showing = nodeClass("Showing", {
    outputNode: true,
    execute: (_inputs, context) => {
      const graph = context.graph();
      graph.node("Show", { value: "inside" });
      return { outputs: [], expand: graph.build() };
    },
  });
  const { run, said } = recorder([showing]);
  const result = await run({ "1": node("Showing") });
  assert.ok(said().includes('executed 1.0.0.1 {"text":["inside"]}'));
  assert.deepEqual(result.meta, {
    "1": { node_id: "1.0.0.1", display_node: "1", parent_node: "1", real_node_id: "1" },
  });
});

test("an error inside an expansion names the node of the prompt", async () => {
  const failing = nodeClass("Failing", {
    execute: (_inputs, context) => {
      const graph = context.graph();
      const inner = graph.node("Fail", { value: 1 });
      return { outputs: [new OutputLink(inner.id, 0)], expand: graph.build() };
    },
  });
  const { run, messages } = recorder([failing]);
  await run({ "1": node("Failing"), "2": node("Show", { value: ["1", 0] }) });
  const last = messages.at(-1) as { data: JsonObject };
  assert.equal(last.data["node_id"], "1");
  assert.equal(last.data["node_type"], "Failing");
});

test("nodes that come to wait for each other end the run with a cycle error", async () => {
  const knot = nodeClass("Knot", {
    required: { value: any },
    execute: (_inputs, context) => {
      const graph = context.graph();
      const one = graph.node("Mix", {});
      const two = graph.node("Mix", { a: one.out(0) });
      one.set("a", two.out(0));
      return { outputs: [two.out(0)], expand: graph.build() };
    },
  });
  const mix = nodeClass("Mix", { optional: { a: lazy }, checkLazy: () => ["a"], execute: ({ a }) => [a] });
  const { run, said, messages } = recorder([knot, mix]);
  await run({
    "1": node("Value", { value: 1 }),
    "3": node("Knot", { value: ["1", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  });
  const last = messages.at(-1) as { data: JsonObject };
  assert.equal(said().at(-1), "error 3 Dependency cycle detected");
  assert.equal(last.data["exception_message"], "Dependency cycle detected");
  assert.equal(last.data["exception_type"], "graph.DependencyCycleError");
  assert.equal(last.data["node_type"], "Knot");
  assert.deepEqual(last.data["current_inputs"], []);
  assert.deepEqual(last.data["executed"], ["1"]);
});

test("a silent blocker stops what depends on it, other outputs run", async () => {
  const { run, said } = recorder();
  const result = await run({
    "1": node("Value", { value: 1 }),
    "2": node("Block", { value: ["1", 0], block: true }),
    "3": node("Show", { value: ["2", 0] }),
    "9": node("Show", { value: ["1", 0] }),
  });
  assert.equal(result.status, "success");
  assert.deepEqual(result.outputs, { "9": { text: [1] } });
  assert.equal(said().filter((line) => line.startsWith("error")).length, 0);
});

test("a blocker with a text is reported by the first node that it reaches", async () => {
  const { run, said, messages } = recorder();
  const result = await run({
    "1": node("Value", { value: 1 }),
    "2": node("Block", { value: ["1", 0], block: true, text: "Blocked Execution" }),
    "3": node("Copy", { value: ["2", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  });
  assert.deepEqual(said(), [
    "start",
    "cached ",
    "executing 1 1",
    "executing 2 2",
    "executing 3 3",
    "error 3 Execution Blocked: Blocked Execution",
    "executing 4 4",
    "success",
  ]);
  const report = messages.find((message) => message.kind === "json" && message.type === "execution_error");
  assert.deepEqual((report as { data: JsonObject }).data, {
    prompt_id: "p",
    node_id: "3",
    node_type: "Copy",
    executed: ["1", "2"],
    exception_message: "Execution Blocked: Blocked Execution",
    exception_type: "ExecutionBlocked",
    traceback: [],
    current_inputs: [],
    current_outputs: [],
  });
  assert.deepEqual(
    result.messages.map(([type]) => type),
    ["execution_start", "execution_cached", "execution_success"],
  );
});

test("lists map a node over their values, the shorter one repeats its last, ui is merged", async () => {
  const pair = nodeClass("Pair", {
    required: { a: any, b: any },
    execute: ({ a, b }) => [`${String(a)}${String(b)}`],
  });
  const { run } = recorder([pair]);
  const result = await run({
    "1": node("MakeList", { x: 1, y: 2, z: 3 }),
    "2": node("MakeList", { x: "a", y: "b" }),
    "3": node("Pair", { a: ["1", 0], b: ["2", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  });
  assert.deepEqual(result.outputs, { "4": { text: ["1a", "2b", "3b"] } });
});

test("a class that takes lists is called once with all of them", async () => {
  const count = nodeClass("Count", {
    required: { list: any, one: any },
    inputIsList: true,
    execute: ({ list, one }) => [`${(list as unknown[]).length}/${(one as unknown[]).length}`],
  });
  const { run } = recorder([count]);
  const result = await run({
    "1": node("MakeList", { x: 1, y: 2 }),
    "2": node("Count", { list: ["1", 0], one: 5 }),
    "3": node("Show", { value: ["2", 0] }),
  });
  assert.deepEqual(result.outputs, { "3": { text: ["2/1"] } });
});

test("an empty list beside others is an IndexError; alone it calls without arguments", async () => {
  const pair = nodeClass("Pair", { required: { a: any, b: any }, execute: () => [1] });
  const { run, messages } = recorder([pair]);
  await run({
    "1": node("MakeList"),
    "2": node("Pair", { a: ["1", 0], b: 1 }),
    "3": node("Show", { value: ["2", 0] }),
  });
  assert.equal((messages.at(-1) as { data: JsonObject }).data["exception_type"], "IndexError");
  await run({ "1": node("MakeList"), "3": node("Show", { value: ["1", 0] }) });
  assert.equal((messages.at(-1) as { data: JsonObject }).data["exception_type"], "TypeError");
});

test("only the calls that receive a blocker are left out", async () => {
  const { run } = recorder();
  const result = await run({
    "1": node("MakeList", { x: true, y: false }),
    "2": node("Block", { value: "v", block: ["1", 0] }),
    "3": node("Show", { value: ["2", 0] }),
  });
  assert.deepEqual(result.outputs, { "3": { text: ["v"] } });
});
