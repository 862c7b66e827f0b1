import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonFloat, type JsonObject } from "@hearth/protocol";
import { any, node, nodeClass, recorder } from "./test-nodes.ts";

const chain = {
  "1": node("Value", { value: 5 }),
  "2": node("Copy", { value: ["1", 0] }),
  "3": node("Show", { value: ["2", 0] }),
};

test("a run says what the recordings say, in their order", async () => {
  const { run, said, messages } = recorder();
  const result = await run(chain);
  assert.deepEqual(said({ progress: true }), [
    "start",
    "cached ",
    "PS 1:r0/1",
    "executing 1 1",
    "PS 1:f1/1",
    "PS 1:f1/1 2:r0/1",
    "executing 2 2",
    "PS 1:f1/1 2:f1/1",
    "PS 1:f1/1 2:f1/1 3:r0/1",
    "executing 3 3",
    'executed 3 {"text":[5]}',
    "PS 1:f1/1 2:f1/1 3:f1/1",
    "success",
  ]);
  assert.equal(result.status, "success");
  assert.deepEqual(result.outputs, { "3": { text: [5] } });
  assert.deepEqual(result.meta, {
    "3": { node_id: "3", display_node: "3", parent_node: null, real_node_id: "3" },
  });
  assert.deepEqual(
    result.messages.map(([type]) => type),
    ["execution_start", "execution_cached", "execution_success"],
  );
  assert.deepEqual(Object.keys(result.nodeTimes), ["1", "2", "3"]);
  const first = messages.find((message) => message.kind === "progress");
  assert.deepEqual(first?.state?.["nodes"], {
    "1": {
      value: new JsonFloat(0),
      max: new JsonFloat(1),
      state: "running",
      node_id: "1",
      prompt_id: "p",
      display_node_id: "1",
      parent_node_id: null,
      real_node_id: "1",
    },
  });
});

test("cached outputs are shown again, also without ui, then cached intermediate ones", async () => {
  const { run, said } = recorder();
  const prompt = {
    "1": node("Value", { value: 1 }),
    "2": node("Middle", { value: ["1", 0] }),
    "3": node("Show", { value: ["2", 0] }),
    "4": node("SilentOutput", { value: ["2", 0] }),
  };
  await run(prompt);
  said();
  const again = await run(prompt);
  assert.deepEqual(said({ progress: true }), [
    "start",
    "cached 1,2,3,4",
    'executed 3 {"text":[1]}',
    "PS 3:f1/1",
    "executed 4 null",
    "PS 3:f1/1 4:f1/1",
    'executed 2 {"seen":[1]}',
    "success",
  ]);
  assert.deepEqual(Object.keys(again.outputs), ["2", "3"]);
});

test("ids do not matter to the cache", async () => {
  const { run, said } = recorder();
  await run(chain);
  said();
  await run({
    x: node("Value", { value: 5 }),
    y: node("Copy", { value: ["x", 0] }),
    z: node("Show", { value: ["y", 0] }),
  });
  assert.deepEqual(said(), ["start", "cached x,y,z", 'executed z {"text":[5]}', "success"]);
});

test("only requested outputs run, and nothing that they do not need", async () => {
  const { run, said } = recorder();
  await run(
    { ...chain, "4": node("Show", { value: ["1", 0] }), "8": node("Copy", { value: ["1", 0] }) },
    { outputs: ["4"] },
  );
  assert.deepEqual(said(), [
    "start",
    "cached ",
    "executing 1 1",
    "executing 4 4",
    'executed 4 {"text":[5]}',
    "success",
  ]);
});

test("floats stay floats where they are printed, and are plain where they are declared", async () => {
  const seen: unknown[] = [];
  const watch = nodeClass("Watch", {
    required: { f: ["FLOAT"], i: ["INT"], s: any },
    outputNode: true,
    outputs: ["FLOAT", "INT"],
    execute: ({ f, i, s }) => {
      seen.push(f, i, s);
      return [f, i];
    },
  });
  const { run } = recorder([watch]);
  await run({
    "1": node("Watch", { f: new JsonFloat(2), i: 18446744073709551615n, s: new JsonFloat(3) }),
    "2": node("Watch", { f: ["1", 0], i: ["1", 1], s: ["1", 0] }),
  });
  assert.deepEqual(seen, [
    2,
    18446744073709551615n,
    new JsonFloat(3),
    2,
    18446744073709551615n,
    new JsonFloat(2),
  ]);
});

test("undeclared links are passed, undeclared constants dropped", async () => {
  const { run } = recorder();
  const result = await run({
    "1": node("Value", { value: 4 }),
    "2": node("Sum", { a: 1, x: ["1", 0], y: 100 }),
    "3": node("Show", { value: ["2", 0] }),
  });
  assert.deepEqual(result.outputs, { "3": { text: [5] } });
});

test("an error says where and with which inputs, and keeps earlier outputs", async () => {
  const { run, said, messages } = recorder();
  const result = await run({
    "1": node("Value", { value: "v" }),
    "2": node("Show", { value: ["1", 0] }),
    "3": node("Fail", { value: ["1", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  });
  assert.equal(said().at(-1), "error 3 Intentional sync execution error for testing");
  const last = messages.at(-1);
  assert.ok(last?.kind === "json");
  const { timestamp, traceback, executed, ...rest } = last.data;
  assert.equal(typeof timestamp, "number");
  assert.ok(Array.isArray(traceback) && traceback.length > 0);
  assert.deepEqual(new Set(executed as string[]), new Set(["1", "2"]));
  assert.deepEqual(rest, {
    prompt_id: "p",
    node_id: "3",
    node_type: "Fail",
    exception_message: "Intentional sync execution error for testing\n",
    exception_type: "RuntimeError",
    current_inputs: { value: ["v"] },
    current_outputs: ["1", "2", "3", "4"],
  });
  assert.equal(result.status, "error");
  assert.deepEqual(result.outputs, { "2": { text: ["v"] } });
  assert.equal(result.messages.at(-1)?.[0], "execution_error");
});

test("hidden inputs of classic classes are reported as printed text", async () => {
  const fail = nodeClass("FailHidden", {
    required: { images: any },
    hidden: { prompt: "PROMPT", extra_pnginfo: "EXTRA_PNGINFO" },
    outputNode: true,
    execute: () => {
      throw new TypeError("no");
    },
  });
  const { run, messages } = recorder([fail]);
  await run({ "2": node("FailHidden", { images: "text" }) });
  const last = messages.at(-1);
  assert.ok(last?.kind === "json");
  assert.deepEqual(last.data["current_inputs"], {
    images: ["text"],
    prompt: ["{'2': {'class_type': 'FailHidden', 'inputs': {'images': 'text'}}}"],
    extra_pnginfo: [null],
  });
  assert.equal(last.data["exception_type"], "TypeError");
});

test("a required argument that is absent fails the call", async () => {
  const { run, messages } = recorder();
  await run({ "1": node("Show") });
  const last = messages.at(-1) as { data: JsonObject };
  assert.equal(last.data["exception_type"], "TypeError");
  assert.match(String(last.data["exception_message"]), /missing 1 required positional argument: 'value'\n$/);
});

test("a link to a node that does not exist fails the run", async () => {
  const { run, said } = recorder();
  const result = await run({ "1": node("Show", { value: 1, extra: ["9", 0] }) });
  assert.equal(result.status, "error");
  assert.match(said().at(-1) ?? "", /^error 1 Node 1 is linked to node 9/);
});

test("state stays with id and class, and goes when the node does", async () => {
  const counter = nodeClass("Counter", {
    notIdempotent: true,
    outputNode: true,
    fingerprint: () => Number.NaN,
    execute: (_inputs, { state }) => {
      const count = Number(state.get("count") ?? 0) + 1;
      state.set("count", count);
      return { ui: { count: [count] } };
    },
  });
  const { run } = recorder([counter]);
  await run({ "1": node("Counter") });
  assert.deepEqual((await run({ "1": node("Counter") })).outputs, { "1": { count: [2] } });
  await run({ "2": node("Counter") });
  assert.deepEqual((await run({ "1": node("Counter") })).outputs, { "1": { count: [1] } });
});

test("a chain of two thousand nodes runs without deep recursion", async () => {
  const prompt: Record<string, JsonObject> = { n0: node("Value", { value: 1 }) };
  for (let index = 1; index < 2_000; index += 1)
    prompt[`n${index}`] = node("Copy", { value: [`n${index - 1}`, 0] });
  prompt["out"] = node("Show", { value: ["n1999", 0] });
  const { run } = recorder();
  assert.equal((await run(prompt)).status, "success");
});
