import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, RunMessage } from "@hearth/protocol";
import { JobProgress } from "./job-progress.ts";
import { runGraph } from "./run-graph.ts";
import { StepRate } from "./step-rate.ts";

/** Eight nodes: two loaders, a primitive, a sampler chain, a save; one that no output needs. */
const PROMPT: JsonObject = {
  a: { class_type: "Loader", inputs: {} },
  b: { class_type: "Encode", inputs: { clip: ["a", 0], text: "x" } },
  p: { class_type: "PrimitiveInt", inputs: { value: 5 } },
  k: {
    class_type: "KSampler",
    inputs: { model: ["a", 0], text: ["b", 0], steps: ["p", 0] },
    _meta: { title: "Draw" },
  },
  d: { class_type: "Decode", inputs: { samples: ["k", 0] } },
  u: { class_type: "Upscale", inputs: { image: ["d", 0] } },
  s: { class_type: "Save", inputs: { images: ["u", 0] } },
  x: { class_type: "Unused", inputs: {} },
};

const json = (type: string, data: JsonObject): RunMessage => ({
  kind: "json",
  type,
  data,
  audience: "client",
});
const executing = (node: string): RunMessage => json("executing", { node, display_node: node });
const cached = (...nodes: string[]): RunMessage => json("execution_cached", { nodes });
const step = (node: string, value: number, max: number): RunMessage => ({
  kind: "progress",
  state: { nodes: { [node]: { node_id: node, state: "running", value, max } as unknown as JsonObject } },
  progress: { node, value, max },
});
const finished = (node: string): RunMessage => ({
  kind: "progress",
  state: {
    nodes: { [node]: { node_id: node, state: "finished", value: 1, max: 1 } as unknown as JsonObject },
  },
});

function progressOf(expected: Record<string, number> = {}): {
  progress: JobProgress;
  clock: { now: number };
} {
  const clock = { now: 1_000 };
  const progress = new JobProgress({ jobId: "1", promptId: "p", attempt: 1 }, "anonymous", {
    graph: () => runGraph(PROMPT, (name) => name === "Save"),
    expected: () => (id) => expected[id],
    now: () => clock.now,
  });
  return { progress, clock };
}

test("instant nodes, cached nodes and nodes that no output needs do not count", () => {
  const { progress } = progressOf();
  let view = progress.view();
  assert.deepEqual([view.total_nodes, view.effective_total, view.cached_count, view.percent], [8, 6, 0, 0]);
  progress.note(cached("a", "b"));
  view = progress.view();
  assert.deepEqual([view.effective_total, view.cached_count], [4, 2]);
  progress.note(executing("p"));
  view = progress.view();
  assert.deepEqual([view.nodes_done, view.percent, view.node_title], [0, 0, "PrimitiveInt"], "instant");
  progress.note(executing("k"));
  assert.deepEqual(
    [progress.view().nodes_done, progress.view().node_title, progress.view().node_type],
    [1, "Draw", "KSampler"],
  );
});

test("everything cached: never below one, never a division by zero", () => {
  const { progress } = progressOf();
  progress.note(cached("a", "b", "p", "k", "d", "u", "s"));
  const view = progress.view();
  assert.deepEqual([view.effective_total, view.percent, view.eta_seconds], [1, 0, 0]);
});

test("percent: finished nodes and the steps of the current one, held below 100, never falling", () => {
  const { progress } = progressOf();
  progress.note(cached("a", "b"));
  progress.note(executing("k"));
  progress.note(step("k", 15, 30));
  assert.equal(progress.view().percent, 13);
  progress.note(step("k", 30, 30));
  assert.equal(progress.view().percent, 25);
  progress.note(step("k", 1, 30));
  assert.equal(progress.view().percent, 25, "a second pass of the node");
  for (const node of ["d", "u", "s"]) progress.note(executing(node));
  progress.note(finished("s"));
  assert.equal(progress.view().percent, 75, "the save node is the current one still");
  progress.note(step("s", 5, 5));
  assert.equal(progress.view().percent, 99);
  progress.end("completed");
  assert.deepEqual([progress.view().percent, progress.view().eta_seconds], [100, 0]);
});

test("the rate of steps needs two, looks at the last ten intervals, and begins anew at each node", () => {
  const { progress, clock } = progressOf();
  progress.note(executing("k"));
  progress.note(step("k", 1, 30));
  assert.equal(progress.view().step_rate, null);
  for (let n = 2; n <= 12; n += 1) {
    clock.now += n <= 2 ? 60_000 : 500;
    progress.note(step("k", n, 30));
  }
  assert.equal(progress.view().step_rate, 2, "the slow first step is forgotten");
  progress.note(executing("d"));
  assert.equal(progress.view().step_rate, null);
});

test("updates that arrive together say nothing about speed", () => {
  const rate = new StepRate();
  for (let n = 1; n <= 5; n += 1) rate.add(n, 1_000 + n / 100);
  assert.equal(rate.perSecond, null);
  rate.add(6, 2_000);
  assert.ok((rate.perSecond ?? 0) < 2, String(rate.perSecond));
});

test("ETA: nothing rather than nonsense", () => {
  const { progress, clock } = progressOf();
  assert.equal(progress.view().eta_seconds, null, "nothing has happened");
  progress.note(cached("a", "b"));
  progress.note(executing("k"));
  progress.note(step("k", 1, 30));
  clock.now += 1_000;
  progress.note(step("k", 2, 30));
  assert.equal(progress.view().eta_seconds, null, "nobody knows how long the other nodes take");
  clock.now += 28_000;
  progress.note(step("k", 30, 30));
  progress.note(executing("d"));
  clock.now += 1_000;
  progress.note(executing("u"));
  // k took 29 s and d 1 s: 15 s on average, for u and s.
  assert.equal(progress.view().eta_seconds, 30);
  clock.now += 5_000;
  assert.equal(progress.view().eta_seconds, 25);
  clock.now += 60_000;
  assert.equal(progress.view().eta_seconds, null, "it takes much longer than anything before");
});

test("ETA learns from earlier jobs of the shape", () => {
  const { progress, clock } = progressOf({ a: 5_000, b: 1_000, k: 60_000, d: 2_000, u: 3_000, s: 1_000 });
  assert.equal(progress.view().eta_seconds, 72, "before anything has run");
  progress.note(cached("a", "b"));
  assert.equal(progress.view().eta_seconds, 66);
  progress.note(executing("k"));
  progress.note(step("k", 1, 10));
  clock.now += 1_000;
  progress.note(step("k", 2, 10));
  assert.equal(progress.view().eta_seconds, 14, "its own steps know better: 8 s, and 6 for the rest");
});

test("a hub that was started in the middle of a run learns the state from the next message", () => {
  const { progress } = progressOf();
  progress.note({
    kind: "progress",
    state: {
      nodes: {
        a: { node_id: "a", state: "finished", value: 1, max: 1 },
        b: { node_id: "b", state: "finished", value: 1, max: 1 },
        k: { node_id: "k", state: "running", value: 3, max: 10 },
      },
    } as unknown as JsonObject,
  });
  const view = progress.view();
  assert.deepEqual([view.node_title, view.step, view.total_steps, view.nodes_done], ["Draw", 3, 10, 3]);
});

test("nodes that a node made count as that one", () => {
  const { progress } = progressOf();
  progress.note(executing("u"));
  progress.note(executing("u.0.0.1"));
  progress.note(finished("u.0.0.1"));
  const view = progress.view();
  assert.deepEqual([view.node_id, view.node_title, view.nodes_done], ["u.0.0.1", "Upscale", 1]);
});

test("outputs so far: files only, with what they are", () => {
  const { progress } = progressOf();
  const images = [
    { filename: "a.png", subfolder: "f", type: "output" },
    { filename: "a.mp4", subfolder: "", type: "temp" },
  ];
  progress.note(
    json("executed", { node: "s", display_node: "s", output: { images, text: ["hello"], animated: [true] } }),
  );
  progress.note(json("executed", { node: "u", display_node: "u", output: { text: ["hello"] } }));
  assert.deepEqual(progress.view().node_outputs, {
    s: {
      node_title: "Save",
      node_type: "Save",
      items: [
        { ...images[0], media: "image" },
        { ...images[1], media: "video" },
      ],
    },
  });
});

test("what no client can see is no change", () => {
  const { progress } = progressOf();
  assert.equal(progress.note({ kind: "text", nodeId: "k", text: "x" }), false);
  progress.note(executing("k"));
  assert.equal(progress.note(step("k", 1, 10)), true);
  assert.equal(progress.note(step("k", 1, 10)), false);
  assert.equal(progress.note(step("k", Number.NaN, 0)), false);
});

test("a node that waits for something goes on beside the next ones, and is the current one again after them", () => {
  const { progress, clock } = progressOf();
  progress.note(cached("a", "b"));
  progress.note(executing("k"));
  progress.note(step("k", 1, 100));
  progress.note(executing("d"));
  clock.now += 100;
  progress.note(step("k", 11, 100));
  assert.equal(progress.view().node_type, "Decode");
  assert.equal(progress.view().nodes_done, 1, "it is not done");
  progress.note(finished("d"));
  clock.now += 100;
  progress.note(step("k", 21, 100));
  const view = progress.view();
  assert.deepEqual([view.node_title, view.step, view.total_steps, view.step_rate], ["Draw", 21, 100, 100]);
  clock.now += 100;
  progress.note(finished("k"));
  progress.note(executing("u"));
  assert.equal(progress.view().percent, 50);
});
