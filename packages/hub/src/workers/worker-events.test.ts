import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { pino } from "pino";
import { describe, KNOWN_TYPES } from "../events/words.ts";
import { nodeClass, type TestFleet, testFleet } from "./test-support.ts";
import { WorkerEvents } from "./worker-events.ts";

interface Listening extends TestFleet {
  /** the sentences of what was told since the last call */
  told(): string[];
}

async function listening(t: TestContext): Promise<Listening> {
  const fleet = await testFleet(t);
  const told: string[] = [];
  const events = new WorkerEvents({
    fleet: fleet.fleet,
    log: pino({ level: "silent" }),
    emit: (type, data) => {
      assert.ok(KNOWN_TYPES.includes(type), type);
      told.push(describe(type, data as JsonObject).message);
    },
  });
  t.after(() => events.stop());
  return { ...fleet, told: () => told.splice(0) };
}

const CLASSES = [nodeClass("EmptyImage")];

test("a worker that cannot run anything is told once, and when it can again", async (t) => {
  const { fleet, join, told } = await listening(t);
  const link = await join({ name: "gpu-1", engine: "comfyui" }, CLASSES);
  fleet.stateChanged(link, { isAvailable: false, problem: "no answer" });
  fleet.stateChanged(link, { isAvailable: false, problem: "still no answer" });
  fleet.stateChanged(link, { isAvailable: true });
  assert.deepEqual(told(), [
    "Worker gpu-1 joined",
    "Worker gpu-1 cannot run anything: no answer",
    "Worker gpu-1 can run jobs again",
  ]);
});

test("a worker that went away is not told to be available when it dials again", async (t) => {
  const { fleet, join, told } = await listening(t);
  const link = await join({ name: "gpu-1", engine: "comfyui" }, CLASSES);
  fleet.stateChanged(link, { isAvailable: false });
  fleet.lost(link);
  const again = await join({ name: "gpu-1", engine: "comfyui" }, CLASSES);
  assert.deepEqual(told(), [
    "Worker gpu-1 joined",
    "Worker gpu-1 cannot run anything: it does not say why",
    "Worker gpu-1 is gone",
    "Worker gpu-1 joined",
  ]);
  fleet.stateChanged(again, { isAvailable: false, problem: "no answer" });
  assert.deepEqual(told(), ["Worker gpu-1 cannot run anything: no answer"]);
});

test("what an operator says of a worker is told, and that a draining one is done", async (t) => {
  const { fleet, join, told } = await listening(t);
  const link = await join({ name: "gpu-1" }, CLASSES);
  told();
  await fleet.configure("gpu-1", { mode: "paused" });
  await fleet.configure("gpu-1", { mode: "paused", tags: ["a"] });
  await fleet.configure("gpu-1", { mode: "on" });
  fleet.jobStarted(link, "p", undefined);
  await fleet.configure("gpu-1", { mode: "draining" });
  assert.deepEqual(told(), [
    "Worker gpu-1 paused",
    "Worker gpu-1 is on",
    "Worker gpu-1 takes nothing new, and is disabled once it is done",
  ]);
  fleet.jobEnded(link, "p", { ok: true });
  assert.deepEqual(told(), ["Worker gpu-1 disabled"]);
});

test("a canary is told when it fails, and when it sings after that", async (t) => {
  const { fleet, join, told } = await listening(t);
  await join({ name: "gpu-1" }, CLASSES);
  told();
  const report = { at: 1, tookMs: 1 };
  fleet.canaryEnded("gpu-1", { ...report, isOk: true });
  fleet.canaryEnded("gpu-1", { ...report, isOk: false, problem: "no picture" });
  fleet.canaryEnded("gpu-1", { ...report, isOk: false, problem: "no picture" });
  fleet.canaryEnded("gpu-1", { ...report, isOk: true });
  assert.deepEqual(told(), [
    "Worker gpu-1 gets no jobs: its canary failed: no picture",
    "Worker gpu-1 gets jobs again: its canary ran",
  ]);
});

test("how things were at the start is no event", async (t) => {
  const first = await testFleet(t);
  await first.join({ name: "gpu-1" }, CLASSES);
  await first.fleet.configure("gpu-1", { mode: "disabled" });
  await first.fleet.close();
  const fleet = await first.reopen();
  const told: string[] = [];
  const events = new WorkerEvents({ fleet, log: pino({ level: "silent" }), emit: (type) => told.push(type) });
  t.after(() => events.stop());
  await fleet.configure("gpu-1", { tags: ["a"] });
  assert.deepEqual(told, []);
  await fleet.configure("gpu-1", { mode: "on" });
  assert.deepEqual(told, ["worker.resumed"]);
  await fleet.close();
});

test("that the hub's own native worker comes with it is no event; that it is lost, and comes back, is", async (t) => {
  const { fleet, join, told } = await listening(t);
  await fleet.supervise(["native"]);
  const link = await join({ name: "native" }, CLASSES);
  assert.deepEqual(told(), []);
  fleet.lost(link);
  await join({ name: "native" }, CLASSES);
  assert.deepEqual(told(), ["Worker native is gone", "Worker native joined"]);
});
