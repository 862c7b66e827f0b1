import assert from "node:assert/strict";
import { test } from "node:test";
import { json, jobsFixture, until } from "./jobs-fixture.ts";
import { QueuePause } from "./queue-pause.ts";

const PROGRESS_KEYS = [
  "status",
  "node_title",
  "node_type",
  "step",
  "total_steps",
  "nodes_done",
  "total_nodes",
  "effective_total",
  "cached_count",
  "percent",
  "eta_seconds",
  "step_rate",
  "node_outputs",
];

test("S-45 what runs comes first, then what waits in its order; nothing else is there", async (t) => {
  const { ask, ran, submit, worker } = await jobsFixture(t);
  await ran();
  const ids = [await submit(), await submit(), await submit()];
  await worker.next();
  const { body } = await ask("GET", "/api/admin/queue");
  assert.deepEqual(
    body.map((record: any) => [record.prompt_id, record.status]),
    [
      [ids[0], "running"],
      [ids[1], "queued"],
      [ids[2], "queued"],
    ],
  );
});

test("S-46 S-48 S-49 S-50 each item has live progress", async (t) => {
  const { ask, submit, worker } = await jobsFixture(t);
  const id = await submit();
  const job = await worker.next();
  worker.say(
    job,
    json("execution_start", { prompt_id: id }),
    json("execution_cached", { nodes: [], prompt_id: id }),
    json("executing", { node: "1", display_node: "1", prompt_id: id }),
    {
      kind: "progress",
      state: { prompt_id: id, nodes: {} },
      progress: { node: "1", value: 15, max: 30, prompt_id: id },
    },
  );
  const [record] = (await ask("GET", "/api/admin/queue")).body;
  assert.deepEqual(Object.keys(record.progress), PROGRESS_KEYS);
  const {
    status,
    node_title,
    node_type,
    step,
    total_steps,
    nodes_done,
    total_nodes,
    effective_total,
    percent,
    eta_seconds,
    step_rate,
  } = record.progress;
  assert.deepEqual(
    [
      status,
      node_title,
      node_type,
      step,
      total_steps,
      nodes_done,
      total_nodes,
      effective_total,
      percent,
      eta_seconds,
      step_rate,
    ],
    ["running", "Sampler", "KSampler", 15, 30, 1, 2, 2, 25, null, null],
  );
});

test("S-47 without live progress the record alone tells", async (t) => {
  const { ask, submit } = await jobsFixture(t, { idle: true });
  await submit();
  const [record] = (await ask("GET", "/api/admin/queue")).body;
  assert.deepEqual(record.progress, {
    status: "queued",
    node_title: "",
    node_type: "",
    step: 0,
    total_steps: 0,
    nodes_done: 0,
    total_nodes: 0,
    effective_total: 0,
    cached_count: 0,
    percent: 0,
    eta_seconds: null,
    step_rate: null,
    node_outputs: {},
  });
});

test("S-51 S-52 a job of the last hub that nobody has any more ends as stalled, and the log says how many", async (t) => {
  const { ask, worker, store, parts } = await jobsFixture(t, {
    idle: true,
    beforeStart: async (before) => {
      const { newJob } = await import("./jobs-fixture.ts");
      await before.accept(newJob("lost"));
      await before.claim("w1", { leaseMs: 60_000 });
    },
  });
  const [running] = (await ask("GET", "/api/admin/queue")).body;
  assert.deepEqual(
    [running.status, running.progress.total_nodes],
    ["running", 2],
    "its prompt is known again",
  );
  // The worker of that attempt dials, and has it no more.
  await worker.dispatcher.joined(worker.link, true);
  await until(
    async () => (await store.latestEvents({ types: ["system.startup"], limit: 1 })).length === 1,
    store,
  );
  assert.deepEqual((await ask("GET", "/api/admin/queue")).body, []);
  assert.equal((await ask("GET", "/api/admin/history")).body[0].status, "stalled");
  await parts.events.pull();
  assert.deepEqual((await ask("GET", "/api/admin/events?types=system.startup")).body[0].data, { stalled: 1 });
});

test("pause and resume are kept, and told", async (t) => {
  const { ask, parts, store } = await jobsFixture(t);
  assert.deepEqual((await ask("GET", "/api/admin/queue/state")).body, {
    paused: false,
    queued: 0,
    running: 0,
  });
  assert.deepEqual((await ask("POST", "/api/admin/queue/pause")).body, {
    paused: true,
    queued: 0,
    running: 0,
  });
  await ask("POST", "/api/admin/queue/pause");
  assert.equal(parts.pause.isPaused, true);
  assert.equal((await QueuePause.open(store.documents)).isPaused, true, "after a restart too");
  assert.equal(
    (await ask("POST", "/api/admin/queue/resume", undefined, { "x-api-key": "alice" })).status,
    403,
  );
  assert.equal((await ask("POST", "/api/admin/queue/resume")).body.paused, false);
  assert.deepEqual(
    (await ask("GET", "/api/admin/events?types=queue.*")).body.map((event: any) => event.type),
    ["queue.paused", "queue.resumed"],
  );
});

test("a waiting job gets another place", async (t) => {
  const { ask, submit, worker } = await jobsFixture(t);
  const running = await submit();
  await worker.next();
  const [a, b, c] = [await submit(), await submit(), await submit()];
  const order = async (): Promise<string[]> =>
    (await ask("GET", "/api/admin/queue")).body.slice(1).map((record: any) => record.prompt_id);
  const patch = (id: string, body: unknown, headers?: Record<string, string>) =>
    ask("PATCH", `/api/admin/queue/${id}`, body, headers);
  assert.equal((await patch(c, { front: true })).status, 200);
  assert.deepEqual(await order(), [c, a, b]);
  await patch(a, { after: b });
  assert.deepEqual(await order(), [c, b, a]);
  await patch(a, { before: c });
  assert.deepEqual(await order(), [a, c, b]);
  assert.deepEqual((await patch(b, { number: -99 })).body, { prompt_id: b, number: -99 });
  assert.deepEqual(await order(), [b, a, c]);
  const said = async (id: string, body: unknown): Promise<[number, string]> => {
    const answer = await patch(id, body);
    return [answer.status, answer.body.detail];
  };
  assert.deepEqual(await said("nobody", { front: true }), [404, "Job not found"]);
  assert.deepEqual(await said(running, { front: true }), [409, `Job ${running} does not wait in the queue`]);
  assert.deepEqual(await said(a, { before: "nobody" }), [404, "Job not found"]);
  assert.deepEqual(await said(a, {}), [422, "body must have exactly one of number, front, before, after"]);
  assert.equal((await said(a, { front: true, number: 1 }))[0], 422);
  assert.equal((await said(a, { number: "1" }))[0], 422);
  assert.equal((await patch(a, { front: true }, { "x-api-key": "alice" })).status, 404);
});

test("one, several, all of an owner, or all jobs are cancelled", async (t) => {
  const { ask, submit, worker, store } = await jobsFixture(t);
  const running = await submit({ owner: "key:alice" });
  await worker.next();
  const a = await submit({ owner: "key:alice" });
  const b = await submit({ owner: "key:bob" });
  const c = await submit({ owner: "key:bob" });
  const d = await submit();
  const cancel = (body: unknown, key = "secret-key") =>
    ask("POST", "/api/admin/queue/cancel", body, { "x-api-key": key });
  assert.deepEqual((await cancel({ prompt_ids: [a, b, "nobody", a] }, "alice")).body, { cancelled: [a] });
  assert.equal((await cancel({ owner: "key:bob" }, "alice")).status, 403);
  assert.deepEqual((await cancel({ all: true }, "alice")).body, { cancelled: [running] });
  await until(async () => (await store.getByPromptId(running))?.state === "cancelled", store);
  assert.deepEqual(worker.interrupted, [running]);
  await worker.next();
  worker.onInterrupt = () => {};
  assert.deepEqual((await cancel({ owner: "key:bob" })).body.cancelled.sort(), [b, c].sort());
  assert.equal((await cancel({})).status, 422);
  assert.equal((await cancel({ all: false })).status, 422);
  assert.equal((await cancel({ all: true, owner: "x" })).status, 422);
  assert.equal((await cancel({ all: true }, "reader")).status, 403);
  assert.ok((await cancel({ all: true })).body.cancelled.includes(d));
  const { queued } = (await ask("GET", "/api/admin/queue/state")).body;
  assert.equal(queued, 0);
});
