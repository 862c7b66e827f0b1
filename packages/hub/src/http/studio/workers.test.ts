import assert from "node:assert/strict";
import { test } from "node:test";
import type { HubToWorker, RunResult } from "@hearth/protocol";
import { nodeClass } from "../../workers/test-support.ts";
import { type DialledWorker, startWorkers, until } from "./workers-fixture.ts";

type Assign = Extract<HubToWorker, { type: "assign" }>;

async function assigned({ heard }: DialledWorker): Promise<Assign> {
  const found = (): Assign | undefined =>
    heard.find((message): message is Assign => message.type === "assign");
  await until(() => found() !== undefined);
  return found() as Assign;
}

const RAN: RunResult = {
  ...{ status: "success", meta: {}, messages: [], nodeTimes: {} },
  outputs: { "2": { images: [{ filename: "a.png", subfolder: "", type: "temp" }] } },
};

test("a worker is shown with what it is, does and can", async (t) => {
  const { dial, ask, fleet, store } = await startWorkers(t);
  const worker = await dial({ name: "gpu-1", address: "http://gpu:8188", tags: ["large"], files: "link" });
  const device = { name: "cuda:0", type: "cuda", index: 0, vram_total: 24e9, vram_free: 1 };
  worker.say({ type: "state", isAvailable: true, devices: [device], comfyuiVersion: "0.33.0" });
  worker.say({ type: "heartbeat", stats: { rssBytes: 1000, cpuSeconds: 2 }, running: [] });
  await until(() => fleet.named("gpu-1")?.stats !== undefined);
  const link = fleet.named("gpu-1")?.link;
  assert.ok(link !== undefined);
  const { id } = await store.accept({
    ...{ promptId: "of-ann", owner: "key:ann", needs: undefined, prompt: "{}", extraData: "{}" },
    ...{ sensitive: undefined, outputsToExecute: [], number: undefined, front: false, clientId: undefined },
    ...{ createdAt: 1, workflowId: undefined },
  });
  assert.equal((await store.claim(link.workerId, { leaseMs: 60_000 }))?.id, id);
  fleet.jobStarted(link, "of-ann", undefined);

  assert.equal((await ask("GET", "", undefined, "")).status, 401);
  const { status, body } = await ask("GET", "");
  assert.equal(status, 200);
  const [{ current_jobs: jobs, seen_at, ...rest }] = body;
  assert.deepEqual(rest, {
    ...{ name: "gpu-1", engine: "comfyui", state: "busy", problem: null, mode: "on" },
    ...{ address: "http://gpu:8188", is_supervised: false, is_remote: false, files: "link" },
    ...{ concurrency: 1, tags: ["large"], devices: [device], comfyui_version: "0.33.0" },
    ...{ memory_bytes: 1000, cpu_seconds: 2, models_warm: [], running: 1, completed: 0, failed: 0 },
    ...{ last_error: null, canary: null, classes: 2, packs: [] },
  });
  assert.match(seen_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  assert.equal(jobs.length, 1);
  assert.equal(jobs[0].prompt_id, "of-ann");
  assert.match(jobs[0].started_at, /^\d{4}-/);

  fleet.jobEnded(link, "of-ann", { ok: false, error: "a secret of ann" });
  const mine = (await ask("GET", "/gpu-1", undefined, "ann")).body;
  assert.deepEqual([mine.failed, mine.last_error.prompt_id], [1, "of-ann"]);
  fleet.jobStarted(link, "of-ann", undefined);
  const theirs = (await ask("GET", "/gpu-1", undefined, "ben")).body;
  assert.deepEqual(
    [theirs.state, theirs.running, theirs.current_jobs, theirs.last_error],
    ["busy", 1, [], null],
  );
  assert.deepEqual(await ask("GET", "/gpu-2"), {
    status: 404,
    body: { detail: "there is no worker 'gpu-2'" },
  });
});

test("the state is one word, and what is wrong is said", async (t) => {
  const { dial, ask, fleet } = await startWorkers(t);
  const word = async (): Promise<unknown[]> => {
    const { body } = await ask("GET", "/gpu-1");
    return [body.state, body.problem];
  };
  const worker = await dial({ name: "gpu-1" });
  assert.deepEqual(await word(), ["idle", null]);
  worker.say({ type: "state", isAvailable: false, problem: "no answer" });
  await until(() => fleet.named("gpu-1")?.state.isAvailable === false);
  assert.deepEqual(await word(), ["unavailable", "no answer"]);
  worker.say({ type: "state", isAvailable: true });
  await until(() => fleet.named("gpu-1")?.state.isAvailable === true);
  fleet.canaryEnded("gpu-1", { isOk: false, at: 0, tookMs: 1, problem: "no picture" });
  assert.deepEqual(await word(), ["failing", "its canary failed: no picture"]);
  await worker.leave();
  assert.equal((await word())[0], "offline");
  const [only] = (await ask("GET", "")).body;
  assert.equal(only.is_remote, null);
});

test("PATCH sets what an operator wants, and null takes it back", async (t) => {
  const { dial, ask, fleet } = await startWorkers(t);
  await dial({ name: "gpu-1", tags: ["own"] });
  const change = { mode: "paused", tags: ["a"], concurrency: 3 };
  assert.equal((await ask("PATCH", "/gpu-1", change, "reader")).status, 403);
  const { status, body } = await ask("PATCH", "/gpu-1", change);
  assert.deepEqual(
    [status, body.state, body.mode, body.tags, body.concurrency],
    [200, "paused", "paused", ["a"], 3],
  );
  assert.equal(fleet.named("gpu-1")?.concurrency, 3);
  const back = (await ask("PATCH", "/gpu-1", { mode: "on", tags: null, concurrency: null })).body;
  assert.deepEqual([back.state, back.tags, back.concurrency], ["idle", ["own"], 1]);
  for (const wrong of [
    { mode: "asleep" },
    { concurrency: 0 },
    { concurrency: 65 },
    { tags: ["x".repeat(51)] },
    { tags: "a" },
  ]) {
    const refused = await ask("PATCH", "/gpu-1", wrong);
    assert.equal(refused.status, 422);
    assert.match(refused.body.detail, new RegExp(Object.keys(wrong)[0] ?? ""));
  }
  assert.equal((await ask("PATCH", "/gpu-2", {})).status, 404);
  // It has nothing left to do.
  assert.equal((await ask("PATCH", "/gpu-1", { mode: "draining" })).body.state, "disabled");
});

test("a canary is sent, and answered with how it ended", async (t) => {
  const { dial, ask, fleet } = await startWorkers(t);
  const worker = await dial({ name: "gpu-1" });
  assert.equal((await ask("POST", "/gpu-1/canary", undefined, "reader")).status, 403);
  const asked = ask("POST", "/gpu-1/canary");
  const { jobId, promptId, attempt, outputs } = await assigned(worker);
  assert.deepEqual(outputs, ["2"]);
  const second = await ask("POST", "/gpu-1/canary");
  assert.deepEqual([second.status, second.body.detail], [409, "the worker 'gpu-1' has a canary already"]);
  worker.say({ type: "finished", jobId, promptId, attempt, result: RAN });
  const { status, body } = await asked;
  assert.deepEqual([status, body.is_ok, body.problem, typeof body.took_ms], [200, true, null, "number"]);
  assert.deepEqual((await ask("GET", "/gpu-1")).body.canary, body);
  const link = fleet.named("gpu-1")?.link;
  assert.ok(link !== undefined);
  fleet.jobStarted(link, "p", undefined);
  assert.equal((await ask("POST", "/gpu-1/canary")).body.detail, "the worker 'gpu-1' is busy with a job");
});

test("a canary that cannot be sent is refused with the reason", async (t) => {
  const { dial, ask, fleet } = await startWorkers(t);
  const refusal = async (name: string): Promise<unknown[]> => {
    const { status, body } = await ask("POST", `/${name}/canary`);
    return [status, body.detail];
  };
  const worker = await dial({ name: "gpu-1" }, [nodeClass("EmptyImage")]);
  assert.deepEqual(await refusal("gpu-1"), [
    409,
    "the worker 'gpu-1' does not know the class 'PreviewImage'",
  ]);
  worker.say({ type: "state", isAvailable: false, problem: "no answer" });
  await until(() => fleet.named("gpu-1")?.state.isAvailable === false);
  assert.deepEqual(await refusal("gpu-1"), [409, "the worker 'gpu-1' cannot run anything: no answer"]);
  await worker.leave();
  assert.deepEqual(await refusal("gpu-1"), [409, "the worker 'gpu-1' is not connected"]);
  assert.equal((await refusal("gpu-2"))[0], 404);
});

test("a worker is told to free its memory", async (t) => {
  const { dial, ask } = await startWorkers(t);
  const worker = await dial({ name: "gpu-1" });
  assert.equal((await ask("POST", "/gpu-1/free", {}, "reader")).status, 403);
  const freed = (): object[] => worker.heard.filter(({ type }) => type === "free");
  const { status, body } = await ask("POST", "/gpu-1/free");
  assert.deepEqual([status, body], [200, { name: "gpu-1", unload_models: true, free_memory: true }]);
  await ask("POST", "/gpu-1/free", { unload_models: true });
  await until(() => freed().length === 2);
  assert.deepEqual(freed(), [
    { type: "free", unloadModels: true, freeMemory: true },
    { type: "free", unloadModels: true, freeMemory: false },
  ]);
  assert.equal((await ask("POST", "/gpu-1/free", { free_memory: "yes" })).status, 422);
  await worker.leave();
  assert.equal((await ask("POST", "/gpu-1/free")).status, 409);
  assert.equal((await ask("POST", "/gpu-2/free")).status, 404);
});

test("only a worker that is gone, and nobody's to start, is forgotten", async (t) => {
  const { dial, ask, fleet } = await startWorkers(t);
  const worker = await dial({ name: "gpu-1.b" });
  const route = "/gpu-1.b";
  assert.equal((await ask("DELETE", route, undefined, "reader")).status, 403);
  assert.deepEqual(await ask("DELETE", route), {
    status: 409,
    body: { detail: "the worker 'gpu-1.b' is connected" },
  });
  await worker.leave();
  await fleet.supervise(["gpu-2"]);
  const own = await dial({ name: "gpu-2" });
  await own.leave();
  assert.equal((await ask("DELETE", "/gpu-2")).status, 409);
  assert.deepEqual(await ask("DELETE", route), { status: 200, body: { forgotten: "gpu-1.b" } });
  assert.equal((await ask("DELETE", route)).status, 404);
  assert.deepEqual(
    (await ask("GET", "")).body.map(({ name }: { name: string }) => name),
    ["gpu-2"],
  );
});
