import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewJob, QueueHead } from "@hearth/jobs";
import type { WorkerLink } from "../link/worker-link.ts";
import { Decisions } from "./decisions.ts";
import type { Fleet } from "./fleet.ts";
import { type Needs, needsText } from "./needs.ts";
import { chooserFor } from "./scheduling.ts";
import { nodeClass, testFleet } from "./test-support.ts";
import { WARM_WAIT_MS, WarmWaits } from "./warm-waits.ts";
import { whyWaiting } from "./why.ts";

const SAVE = nodeClass("Save", {}, { isOutput: true });
const NATIVE = nodeClass("Native");
const PLAIN: Needs = { classes: ["Save"], values: [], models: [], tags: [] };
const SD = needsText({ ...PLAIN, models: ["sd.ckpt"] });
const NONE = needsText(PLAIN);

/** `refusers`: names of workers that would not run it. */
function head(id: string, needs: string | undefined, refusers: readonly string[] = []): QueueHead {
  const retries = refusers.map((name) => ({ ...REFUSAL, workerId: `${name}:1` }));
  return { id, promptId: id, owner: "a", needs, attempt: 0, createdAt: 0, retries };
}

const REFUSAL = { attempt: 1, kind: "refused", text: "no", at: 1 };

interface Asking {
  readonly fleet: Fleet;
  readonly waits?: WarmWaits;
  readonly decisions?: Decisions;
  readonly untried?: readonly WorkerLink[];
  readonly now?: number;
}

/** What a worker takes of these heads. */
function ask(link: WorkerLink, heads: readonly QueueHead[], asking: Asking): unknown {
  const { fleet, waits = new WarmWaits(), decisions, untried = [], now = 0 } = asking;
  return chooserFor({
    ...{ fleet, link, waits, decisions, now },
    untried: new Set(untried),
  })(heads);
}

test("one worker takes jobs in their order, also those without needs", async (t) => {
  const { fleet, join } = await testFleet(t);
  const link = await join({ name: "native" }, [SAVE]);
  for (const needs of [undefined, NONE, SD]) {
    const heads = [head("1", needs), head("2", NONE)];
    assert.deepEqual(ask(link, heads, { fleet }), { id: "1", because: "first in turn; idle" });
  }
  fleet.jobStarted(link, "p", SD);
  fleet.jobEnded(link, "p", { ok: true });
  const taken = { id: "1", because: "warm: holds sd.ckpt" };
  assert.deepEqual(ask(link, [head("1", SD)], { fleet }), taken);
  assert.equal(ask(link, [], { fleet }), undefined);
});

test("what a worker cannot run, or would not run, is passed over", async (t) => {
  const { fleet, join } = await testFleet(t);
  const link = await join({ name: "a", engine: "comfyui" }, [SAVE]);
  await join({ name: "b", engine: "comfyui" }, [SAVE, NATIVE]);
  const other = needsText({ ...PLAIN, classes: ["Native"] });
  const heads = [head("1", other), head("2", NONE, ["a"]), head("3", NONE)];
  assert.deepEqual(ask(link, heads, { fleet }), {
    id: "3",
    because: "first in turn; idle",
  });
  assert.equal(ask(link, heads.slice(0, 1), { fleet }), undefined);
});

test("a job is left to an idle worker that suits it better, and to nobody who cannot take it", async (t) => {
  const { fleet, join } = await testFleet(t);
  const native = await join({ name: "native" }, [SAVE]);
  const gpu1 = await join({ name: "gpu-1", engine: "comfyui", concurrency: 2 }, [SAVE]);
  const gpu2 = await join({ name: "gpu-2", engine: "comfyui" }, [SAVE]);
  const decisions = new Decisions();
  const all = { fleet, decisions };
  // Without models: the native one.
  assert.equal(ask(gpu1, [head("1", NONE)], { ...all, untried: [native, gpu2] }), undefined);
  assert.equal(decisions.of("1")[0]?.text, "left to native, which is idle and suits it better");
  assert.ok(ask(gpu1, [head("1", NONE, ["native"])], { ...all, untried: [native] }));
  assert.ok(ask(native, [head("1", NONE)], { ...all, untried: [gpu1] }));
  fleet.eligibility.preferNative = "never";
  assert.equal(ask(native, [head("1", NONE)], { ...all, untried: [gpu1] }), undefined);
  assert.ok(ask(gpu1, [head("1", NONE)], { ...all, untried: [native] }));
  fleet.eligibility.preferNative = "modelless";
  // Less to do, then warmth.
  fleet.jobStarted(gpu1, "p", SD);
  assert.equal(
    ask(gpu1, [head("2", needsText({ ...PLAIN, models: ["x.pt"] }))], { ...all, untried: [gpu2] }),
    undefined,
  );
  assert.ok(ask(gpu1, [head("3", SD)], { ...all, untried: [gpu2] }), "it is warm for it");
  assert.equal(ask(gpu2, [head("3", SD)], { ...all, untried: [gpu1] }), undefined);
});

test("a job is left to a busy worker that is warm for it, for a while", async (t) => {
  const { fleet, join } = await testFleet(t);
  const warm = await join({ name: "gpu-1", engine: "comfyui" }, [SAVE]);
  const cold = await join({ name: "gpu-2", engine: "comfyui" }, [SAVE]);
  fleet.jobStarted(warm, "p", SD);
  const waits = new WarmWaits();
  const asking = { fleet, waits };
  assert.equal(waits.dueAt(0), undefined);
  // The next job with other needs is taken meanwhile; one without models is never left.
  assert.deepEqual(ask(cold, [head("1", SD), head("2", NONE)], { ...asking, now: 1_000 }), {
    id: "2",
    because: "first in turn; idle",
  });
  assert.equal(waits.dueAt(1_000), 1_000 + WARM_WAIT_MS);
  assert.equal(ask(cold, [head("1", SD)], { ...asking, now: WARM_WAIT_MS }), undefined);
  // Another job with the same needs is at the head now: that does not begin the wait anew.
  assert.deepEqual(ask(cold, [head("3", SD)], { ...asking, now: 1_000 + WARM_WAIT_MS }), {
    id: "3",
    because: "not warm, but such jobs waited 20 s for gpu-1",
  });
  assert.equal(waits.dueAt(1_000 + WARM_WAIT_MS), undefined);
  // A wait of long ago says nothing about the next one.
  assert.equal(ask(cold, [head("4", SD)], { ...asking, now: 100_000 }), undefined);
  assert.equal(ask(cold, [head("5", SD)], { ...asking, now: 900_000 }), undefined);
  assert.ok(ask(cold, [head("5", SD)], { ...asking, now: 900_000 + WARM_WAIT_MS }));
  // Nobody is waited for who will not take it.
  assert.ok(ask(cold, [head("6", SD, ["gpu-1"])], { ...asking, now: 2_000_000 }));
  await fleet.configure("gpu-1", { mode: "paused" });
  assert.ok(ask(cold, [head("7", SD)], { ...asking, now: 3_000_000 }));
});

test("why a job waits: what each worker says, what was decided, what went wrong before", async (t) => {
  const { fleet, join } = await testFleet(t);
  const warm = await join({ name: "gpu-1", engine: "comfyui" }, [SAVE]);
  const cold = await join({ name: "gpu-2", engine: "comfyui" }, [SAVE]);
  await join({ name: "native" }, [NATIVE]);
  fleet.jobStarted(warm, "p", SD);
  const decisions = new Decisions();
  ask(cold, [head("1", SD)], { fleet, decisions, now: 5 });
  ask(cold, [head("1", SD)], { fleet, decisions, now: 6 });
  const retries = [{ ...REFUSAL, workerId: "gpu-3:9" }];
  const answer = whyWaiting({ fleet, decisions }, { id: "1", needs: SD, retries });
  assert.deepEqual(answer, {
    needs: { models: ["sd.ckpt"], tags: [] },
    workers: [
      {
        ...{ worker: "native", eligible: false, reasons: ["does not know the node class 'Save'"] },
        ...{ never: true, busy: false, running: 0, warm: false },
      },
      { worker: "gpu-1", eligible: true, reasons: [], never: false, busy: true, running: 1, warm: true },
      { worker: "gpu-2", eligible: true, reasons: [], never: false, busy: false, running: 0, warm: false },
    ],
    decisions: [{ at: 6, worker: "gpu-2", text: "left to gpu-1 for at most 20 s: it holds sd.ckpt" }],
    retries,
  });
});

test("what is chosen is what the store gives, and the reason is kept with the job", async (t) => {
  const { fleet, store, join } = await testFleet(t);
  const gpu = await join({ name: "gpu-1", engine: "comfyui" }, [SAVE]);
  const job = (promptId: string, needs: string): NewJob => ({
    ...{ promptId, needs, prompt: "{}", extraData: "{}", sensitive: undefined, outputsToExecute: [] },
    ...{
      number: undefined,
      front: false,
      clientId: undefined,
      owner: "a",
      createdAt: 1,
      workflowId: undefined,
    },
  });
  await store.accept(job("first", needsText({ ...PLAIN, classes: ["Native"] })));
  await store.accept(job("second", NONE));
  const choose = chooserFor({
    ...{ fleet, link: gpu, untried: new Set<WorkerLink>() },
    ...{ now: 0, waits: new WarmWaits() },
  });
  const claimed = await store.claim(gpu.workerId, { leaseMs: 1_000, choose });
  assert.equal(claimed?.promptId, "second");
  assert.equal((await store.getByPromptId("second"))?.because, "first in turn; idle");
  assert.equal(await store.claim(gpu.workerId, { leaseMs: 1_000, choose }), undefined);
});
