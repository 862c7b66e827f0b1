import assert from "node:assert/strict";
import { test } from "node:test";
import { needsText } from "../workers/needs.ts";
import { PlayedLink, playedHub } from "./test-dispatcher.ts";

const OOM = { exception_type: "torch.OutOfMemoryError", exception_message: "CUDA out of memory." };

test("out of memory: memory is freed and the job tried once more; its client hears nothing of it", async (t) => {
  const hub = await playedHub(t);
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  await hub.submit("a");
  const first = await gpu.take("assign");
  hub.say(gpu, first, "execution_error", OOM);
  hub.finish(gpu, first, { status: "error", messages: [["execution_error", OOM]] });
  assert.deepEqual(await gpu.take("free"), { type: "free", unloadModels: true, freeMemory: true });
  const second = await gpu.take("assign");
  assert.deepEqual([second.promptId, second.attempt], ["a", 2]);
  assert.deepEqual(hub.heard, []);
  hub.say(gpu, second, "execution_error", OOM);
  hub.finish(gpu, second, { status: "error", messages: [["execution_error", OOM]] });
  const job = await hub.until("a", "failed");
  assert.deepEqual(
    job.retries.map(({ kind, attempt }) => [kind, attempt]),
    [["out-of-memory", 1]],
  );
  await hub.untilHeard(["execution_error", "executing"]);
});

test("what a worker refuses goes to another one, and ends with the node errors when all said no", async (t) => {
  const hub = await playedHub(t);
  const one = new PlayedLink("one", "comfyui");
  const two = new PlayedLink("two", "comfyui");
  await hub.join(one);
  await hub.join(two);
  await hub.submit("a");
  const nodeErrors = { "3": { errors: [], dependent_outputs: [], class_type: "X" } };
  const refusal = { kind: "refused", text: "Prompt outputs failed validation", nodeErrors } as const;
  // Which of two equals comes first is nobody's business.
  const first = await Promise.race([one, two].map((link) => link.arrived("assign").then(() => link)));
  const second = first === one ? two : one;
  hub.giveUp(first, await first.take("assign"), refusal);
  hub.giveUp(second, await second.take("assign"), refusal);
  const job = await hub.until("a", "failed");
  assert.deepEqual(
    [...one.sent, ...two.sent].filter(({ type }) => type === "assign"),
    [],
    "each was asked once",
  );
  assert.deepEqual((JSON.parse(job.error ?? "{}") as { node_errors: unknown }).node_errors, nodeErrors);
});

test("a worker that says three times that it does not run its job loses it; what it should not run it drops", async (t) => {
  const hub = await playedHub(t);
  const liar = new PlayedLink("liar");
  await hub.join(liar);
  await hub.submit("a");
  const job = await liar.take("assign");
  const stray = { jobId: "77", promptId: "b", attempt: 4 };
  const stats = { rssBytes: 1, cpuSeconds: 1 };
  const beat = (running: readonly (typeof stray)[]): void =>
    hub.dispatcher.heartbeat(liar.link, { type: "heartbeat", stats, running });
  beat([{ jobId: job.jobId, promptId: "a", attempt: 1 }, stray]);
  assert.deepEqual(await liar.take("drop"), { type: "drop", ...stray });
  beat([]);
  beat([]);
  beat([{ jobId: job.jobId, promptId: "a", attempt: 1 }]);
  beat([]);
  beat([]);
  assert.equal((await hub.store.getByPromptId("a"))?.attempt, 1, "not yet: it named the job in between");
  beat([]);
  assert.equal((await liar.take("drop")).promptId, "a");
  assert.equal((await liar.take("assign")).attempt, 2);
  assert.deepEqual(
    (await hub.store.getByPromptId("a"))?.retries.map(({ kind }) => kind),
    ["idle"],
  );
});

test("the next driver of a ComfyUI goes on with what the last one had there, as the same attempt", async (t) => {
  const hub = await playedHub(t);
  const before = new PlayedLink("gpu", "comfyui", "1");
  await hub.join(before);
  await hub.submit("a");
  const first = await before.take("assign");
  hub.leave(before);
  const after = new PlayedLink("gpu", "comfyui", "2");
  await hub.join(after);
  const again = await after.take("assign");
  assert.deepEqual([again.attempt, again.resume], [first.attempt, true]);
  hub.finish(before, first, { status: "error" });
  hub.finish(after, again);
  const job = await hub.until("a", "completed");
  assert.deepEqual([job.attempt, job.retries.length], [1, 0]);
});

test("a job that was lost on its ComfyUI is tried again, and quarantined at the second time", async (t) => {
  const hub = await playedHub(t);
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  await hub.submit("a");
  const failure = { kind: "lost", text: "ComfyUI was restarted while it ran the prompt" } as const;
  hub.giveUp(gpu, await gpu.take("assign"), failure);
  hub.giveUp(gpu, await gpu.take("assign"), failure);
  const job = await hub.until("a", "failed");
  assert.deepEqual([job.attempt, job.quarantined], [2, true]);
});

test("a job that somebody stopped is not tried again when its worker is lost, but cancelled", async (t) => {
  const hub = await playedHub(t);
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  await hub.submit("a");
  const job = await gpu.take("assign");
  assert.equal(hub.dispatcher.interrupt({ promptId: "a" }), true);
  assert.equal((await gpu.take("interrupt")).promptId, "a");
  hub.giveUp(gpu, job, { kind: "lost", text: "gone" });
  await hub.until("a", "cancelled");
  await hub.untilHeard(["execution_interrupted", "executing"]);
});

test("an answer of a file that cannot be brought is tried twice more, and then says why", async (t) => {
  const hub = await playedHub(t);
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  await hub.submit("a");
  const failure = { kind: "files", text: 'the upload of "a.png" was refused: 413' } as const;
  for (let round = 0; round < 3; round += 1) hub.giveUp(gpu, await gpu.take("assign"), failure);
  const job = await hub.until("a", "failed");
  assert.match(job.error ?? "", /413/);
  assert.equal(job.quarantined, false);
});

test("a ComfyUI gets the keys of its partner nodes with the prompt; the native engine has no use for them", async (t) => {
  const hub = await playedHub(t);
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  const more = { extraData: '{"seed": 18446744073709551615}', sensitive: '{"api_key_comfy_org": "k"}' };
  await hub.submit("a", more);
  const job = await gpu.take("assign");
  assert.equal(job.extraData, '{"seed": 18446744073709551615, "api_key_comfy_org": "k"}');
  hub.finish(gpu, job);
  await hub.until("a", "completed");
  hub.leave(gpu);
  await hub.fleet.forget("gpu");
  const native = new PlayedLink("native");
  await hub.join(native);
  await hub.submit("b", more);
  assert.equal((await native.take("assign")).extraData, more.extraData);
});

test("a worker that joins while jobs wait gets one, also when nothing else happens", async (t) => {
  const hub = await playedHub(t);
  await hub.submit("a");
  await hub.submit("b");
  const native = new PlayedLink("native");
  // In one turn, as the gateway does it: what the fleet tells of the new worker comes before its link is known.
  hub.fleet.joined(native.link);
  await hub.dispatcher.joined(native.link, true);
  assert.equal((await native.take("assign")).promptId, "a");
});

test("a job of a worker elsewhere that was stopped goes to another at once, and nobody is blamed", async (t) => {
  const hub = await playedHub(t);
  const far = new PlayedLink("far", "native", "1", true);
  await hub.join(far);
  await hub.submit("a");
  await far.take("assign");
  far.hasLeft = true;
  hub.leave(far);
  const near = new PlayedLink("near");
  await hub.join(near);
  assert.equal((await near.take("assign")).attempt, 2);
  const job = await hub.store.getByPromptId("a");
  assert.deepEqual(
    [job?.uncleanStops, job?.retries.map(({ kind, text }) => [kind, text])],
    [0, [["worker-left", "The worker far was stopped."]]],
  );
});

test("what the database cannot write for a while is written later: claims and retries", async (t) => {
  const hub = await playedHub(t);
  const fails = (name: "claim" | "requeue", times: number): void => {
    const real = hub.store[name].bind(hub.store) as (...given: unknown[]) => Promise<unknown>;
    let left = times;
    const broken = (...given: unknown[]): Promise<unknown> => {
      left -= 1;
      return left >= 0 ? Promise.reject(new Error("disk I/O error")) : real(...given);
    };
    Object.assign(hub.store, { [name]: broken });
  };
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  fails("claim", 1);
  fails("requeue", 2);
  await hub.submit("a");
  hub.giveUp(gpu, await gpu.take("assign"), { kind: "unreachable", text: "no answer" });
  const again = await gpu.take("assign");
  assert.equal(again.attempt, 2);
  hub.finish(gpu, again);
  await hub.until("a", "completed");
});

test("a ComfyUI that is alone takes no job that needs a class which it does not have", async (t) => {
  const hub = await playedHub(t);
  const gpu = new PlayedLink("gpu", "comfyui");
  await hub.join(gpu);
  await hub.submit("a", { needs: needsText({ classes: ["Elsewhere"], values: [], models: [], tags: [] }) });
  await hub.submit("b");
  assert.equal((await gpu.take("assign")).promptId, "b", "the first in turn waits for another worker");
  assert.equal((await hub.store.getByPromptId("a"))?.state, "queued");
});
