/** Interrupts, concurrent nodes and progress. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { NodeError, type NodeContext } from "./node-class.ts";
import { any, node, nodeClass, recorder } from "./test-nodes.ts";

test("an interrupt between nodes stops before the next call", async () => {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const trigger = nodeClass("Trigger", {
    required: { value: any },
    execute: ({ value }) => {
      Atomics.store(flag, 0, 1);
      return [value];
    },
  });
  const { run, said, messages } = recorder([trigger], { kind: "classic" }, { interruptFlag: flag });
  const prompt = { "1": node("Trigger", { value: 1 }), "2": node("Show", { value: ["1", 0] }) };
  const result = await run(prompt);
  assert.equal(result.status, "interrupted");
  assert.deepEqual(said(), ["start", "cached ", "executing 1 1", "executing 2 2", "interrupted 2"]);
  const last = messages.at(-1);
  assert.ok(last?.kind === "json");
  assert.equal(last.audience, "everyone");
  const { timestamp: _timestamp, ...rest } = last.data;
  assert.deepEqual(rest, { prompt_id: "p", node_id: "2", node_type: "Show", executed: ["1"] });

  Atomics.store(flag, 0, 0);
  assert.equal((await run(prompt)).status, "success");
});

test("a progress update is where an interrupt is raised, before it is sent", async () => {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const busy = nodeClass("Busy", {
    outputNode: true,
    execute: (_inputs, { progressBar }) => {
      const bar = progressBar(10);
      bar.update(1);
      Atomics.store(flag, 0, 1);
      bar.update(10);
      return [];
    },
  });
  const { run, said } = recorder([busy], { kind: "classic" }, { interruptFlag: flag });
  assert.equal((await run({ "1": node("Busy") })).status, "interrupted");
  assert.deepEqual(said({ progress: true }).slice(2), [
    "PS 1:r0/1",
    "executing 1 1",
    "PS 1:r1/10 bar 1",
    "interrupted 1",
  ]);
});

test("a node that listens to the signal is interrupted while it waits", async () => {
  const started = Promise.withResolvers<void>();
  const sleeper = nodeClass("Sleeper", {
    outputNode: true,
    execute: async (_inputs, { signal }) => {
      started.resolve();
      await delay(60_000, undefined, { signal });
      return [];
    },
  });
  const { run, engine } = recorder([sleeper]);
  const running = run({ "1": node("Sleeper") });
  await started.promise;
  engine.interrupt("another prompt");
  engine.interrupt("p");
  assert.equal((await running).status, "interrupted");
});

test("a concurrent node need not listen: the run does not wait for it", async () => {
  const started = Promise.withResolvers<void>();
  const stuck = nodeClass("Stuck", {
    concurrent: true,
    outputNode: true,
    execute: () => {
      started.resolve();
      return new Promise<never>(() => {});
    },
  });
  const { run, said, engine } = recorder([stuck]);
  const running = run({ "1": node("Stuck") });
  await started.promise;
  engine.interrupt("p");
  assert.equal((await running).status, "interrupted");
  assert.equal(said().at(-1), "interrupted 1");
});

test("concurrent nodes run beside each other", async () => {
  let inside = 0;
  const both = Promise.withResolvers<void>();
  const meet = nodeClass("Meet", {
    required: { value: any },
    concurrent: true,
    execute: async ({ value }) => {
      inside += 1;
      if (inside === 2) both.resolve();
      await both.promise;
      return [value];
    },
  });
  const { run } = recorder([meet]);
  const result = await run({
    "1": node("Value", { value: 1 }),
    "2": node("Meet", { value: ["1", 0] }),
    "3": node("Meet", { value: 2 }),
    "4": node("Sum", { x: ["2", 0], y: ["3", 0] }),
    "5": node("Show", { value: ["4", 0] }),
  });
  assert.deepEqual(result.outputs, { "5": { text: [3] } });
});

test("an error of a concurrent node ends the run, aborts the others and reports no inputs", async () => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const waits = nodeClass("Waits", {
    required: { value: any },
    concurrent: true,
    execute: (_inputs, context: NodeContext) =>
      new Promise((resolve) => {
        begun.resolve();
        context.signal.addEventListener("abort", () => {
          context.sendText("too late");
          aborted.resolve();
          resolve([1]);
        });
      }),
  });
  const fails = nodeClass("Fails", {
    required: { value: any },
    concurrent: true,
    execute: async () => {
      await begun.promise;
      throw new NodeError("Intentional async execution error for testing");
    },
  });
  const { run, said, messages } = recorder([waits, fails]);
  const result = await run({
    "1": node("Value", { value: 1 }),
    "2": node("Waits", { value: ["1", 0] }),
    "3": node("Fails", { value: ["1", 0] }),
    "4": node("Sum", { x: ["2", 0], y: ["3", 0] }),
    "5": node("Show", { value: ["4", 0] }),
  });
  await aborted.promise;
  assert.equal(result.status, "error");
  assert.equal(said().at(-1), "error 3 Intentional async execution error for testing");
  assert.deepEqual((messages.at(-1) as { data: JsonObject }).data["current_inputs"], {});
});

test("a bar sends the first, the last, pictures, and what moved far enough after 100 ms", async () => {
  let clock = 0;
  const picture = { format: "png", bytes: new Uint8Array([1]) } as const;
  const busy = nodeClass("Busy", {
    outputNode: true,
    execute: (_inputs, { progressBar }) => {
      const bar = progressBar(1000);
      bar.update(0);
      clock += 99;
      bar.update(500);
      clock += 1;
      bar.update(4);
      bar.advance(1);
      bar.update(6, undefined, picture);
      bar.update(1000);
      return [];
    },
  });
  const { run, said, messages } = recorder([busy], { kind: "classic" }, { now: () => clock });
  await run({ "1": node("Busy") });
  assert.deepEqual(said({ progress: true }).slice(4), [
    "PS 1:r0/1000 bar 0",
    "PS 1:r5/1000 bar 5",
    "PS 1:r6/1000 bar 6 preview",
    "PS 1:r1000/1000 bar 1000",
    "PS 1:f1000/1000",
    "success",
  ]);
  const shown = messages.find((message) => message.kind === "progress" && message.preview !== undefined);
  assert.deepEqual((shown as { preview: unknown }).preview, {
    ...picture,
    nodeId: "1",
    displayNodeId: "1",
    parentNodeId: null,
    realNodeId: "1",
  });
});

test("the newer progress call is never held back and sends no bar", async () => {
  const busy = nodeClass("Busy", {
    outputNode: true,
    execute: (_inputs, { setProgress, sendText, send }) => {
      setProgress(1, 4);
      setProgress(2, 4);
      sendText("half");
      send("custom", { a: 1 });
      return [];
    },
  });
  const { run, said } = recorder([busy]);
  await run({ "1": node("Busy") });
  assert.deepEqual(said({ progress: true }).slice(4), [
    "PS 1:r1/4",
    "PS 1:r2/4",
    "text 1 half",
    "custom",
    "PS 1:f4/4",
    "success",
  ]);
});
