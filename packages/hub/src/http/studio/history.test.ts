import assert from "node:assert/strict";
import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { NO_DETAILS, printJobDetails } from "../../studio/job-details.ts";
import { finished, jobsFixture, KEY, newJob, prompt, until } from "./jobs-fixture.ts";

const DETAILS = {
  workflow_id: "wan-i2v-14b",
  workflow_name: "WAN 2.1 I2V 14B",
  output_dir: "20260324_143052_a1b2c3",
  input_image: "20260324_143050_myimage.png",
  params: { prompt: "a cat walking", steps: 30, seed: -1 },
  seeds: { seed: 7293847561029384 },
};
const KEYS = [
  "prompt_id",
  "workflow_id",
  "workflow_name",
  "output_dir",
  "status",
  "queued_at",
  "started_at",
  "finished_at",
  "duration",
  "input_image",
  "params",
  "seeds",
  "output",
  "error",
];
const image = (filename: string, subfolder = "", type = "output"): any => ({ filename, subfolder, type });
const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

test("S-37 S-38 a record has all keys, objects for params and seeds, whole seconds and one best output", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const id = await ran(
    { details: DETAILS },
    {
      outputs: {
        "1": { images: [image("preview_1.png", `${DETAILS.output_dir}/preview`)] },
        "2": { images: [image("final_00001.mp4", `${DETAILS.output_dir}/final`)], animated: [true] },
        "3": { images: [image("part.mp4", `${DETAILS.output_dir}/intermediate`)] },
      },
      messages: [
        ["execution_start", { timestamp: 1774359053000 }],
        ["execution_success", { timestamp: 1774359195000 }],
      ],
    },
  );
  const { body } = await ask("GET", "/api/admin/history");
  assert.equal(body.length, 1);
  const [record] = body;
  assert.deepEqual(
    Object.keys(record).filter((key) => key !== "outputs"),
    KEYS,
  );
  assert.equal(record.prompt_id, id);
  assert.equal(record.workflow_name, DETAILS.workflow_name);
  assert.deepEqual(record.params, DETAILS.params);
  assert.deepEqual(record.seeds, DETAILS.seeds);
  assert.equal(record.status, "completed");
  assert.equal(record.started_at, "2026-03-24T14:30:53");
  assert.equal(record.finished_at, "2026-03-24T14:33:15");
  assert.equal(record.duration, 142);
  assert.deepEqual(record.output, image("final_00001.mp4", `${DETAILS.output_dir}/final`));
  assert.equal(record.outputs.length, 2, "the intermediate one is not shown");
  assert.equal(record.error, null);
});

test("S-39 the error names the node by its title", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const failed = (node_id: string | null): any => ({
    status: "error",
    messages: [
      [
        "execution_error",
        {
          node_id,
          node_type: "KSampler",
          exception_message: "out of memory\n",
          exception_type: "X",
          timestamp: 5,
        },
      ],
    ],
  });
  await ran({ details: DETAILS, prompt: prompt({ title: "My sampler" }) }, failed("1"));
  await ran({ details: DETAILS }, failed(null));
  await ran({ details: DETAILS }, failed("1.0.0.4"));
  const { body } = await ask("GET", "/api/admin/history");
  assert.deepEqual(
    body.map((record: any) => [record.status, record.error]),
    [
      ["error", "[Sampler] out of memory"],
      ["error", "out of memory"],
      ["error", "[My sampler] out of memory"],
    ],
  );
});

test("S-40 the prompt id is the one that the job was given", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const promptId = "0b9a3f0e-1111-4222-8333-444455556666";
  assert.equal(await ran({ promptId }), promptId);
  assert.equal((await ask("GET", `/api/admin/history/${promptId}`)).body.prompt_id, promptId);
});

test("S-41 S-42 the words of the states: an interrupted job is an error that says so", async (t) => {
  const { ask, ran, submit, worker, store } = await jobsFixture(t);
  await ran({}, { status: "interrupted" });
  const running = await submit();
  const job = await worker.next();
  const waiting = await submit();
  const queue = await ask("GET", "/api/admin/queue");
  assert.deepEqual(
    queue.body.map((record: any) => [record.prompt_id, record.status]),
    [
      [running, "running"],
      [waiting, "queued"],
    ],
  );
  await store.cancel([waiting]);
  worker.finish(job);
  await until(async () => (await store.getByPromptId(running))?.state === "completed", store);
  assert.deepEqual(
    (await ask("GET", "/api/admin/history")).body.map((record: any) => [record.status, record.error]),
    [
      ["error", "Cancelled"],
      ["completed", null],
      ["error", "Interrupted"],
    ],
  );
});

test("S-43 a listener that comes late does not bring a deleted job back", async (t) => {
  const { ask, ran, store } = await jobsFixture(t);
  const id = await ran();
  const job = await store.getByPromptId(id);
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", { prompt_ids: [id] })).body, {
    deleted: [id],
  });
  assert.equal(await store.finish(job?.id ?? "", 1, finished()), false);
  assert.deepEqual((await ask("GET", "/api/admin/history")).body, []);
});

test("S-44 seeds stay integers, up to 2^64-1", async (t) => {
  const { ran, url } = await jobsFixture(t);
  await ran({ details: { ...DETAILS, seeds: { seed: 9007199254740992n, big: 18446744073709551615n } } });
  const text = await (await fetch(`${url}/api/admin/history`, { headers: KEY })).text();
  assert.match(text, /"seeds": \{"seed": 9007199254740992, "big": 18446744073709551615\}/);
});

test("S-53 the newest first, by when they were queued", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const ids = [await ran(), await ran(), await ran()];
  const { body } = await ask("GET", "/api/admin/history");
  assert.deepEqual(
    body.map((record: any) => record.prompt_id),
    ids.reverse(),
  );
});

test("S-54 all records by default; limit, offset, status, workflow and words choose", async (t) => {
  const { ask, ran, store } = await jobsFixture(t);
  await Promise.all(Array.from({ length: 600 }, (_, index) => store.accept(newJob(`many ${index}`))));
  for (let index = 0; index < 600; index += 1) {
    const job = await store.claim("w", { leaseMs: 1_000 });
    void store.finish(job?.id ?? "", 1, finished());
  }
  const all = (await ask("GET", "/api/admin/history")).body;
  assert.equal(new Set(all.map((record: any) => record.prompt_id)).size, 600);
  const wanted = await ran({ details: DETAILS, prompt: prompt({ text: "ein Garten" }) });
  const page = await ask("GET", "/api/admin/history?limit=2&offset=1");
  assert.deepEqual(
    page.body.map((record: any) => record.prompt_id),
    all.slice(0, 2).map((record: any) => record.prompt_id),
  );
  assert.equal(page.headers.get("x-total-count"), "601");
  const ids = async (query: string): Promise<string[]> =>
    (await ask("GET", `/api/admin/history?${query}`)).body.map((record: any) => record.prompt_id);
  assert.deepEqual(await ids("workflow_id=wan-i2v-14b"), [wanted]);
  assert.deepEqual(await ids("q=garten"), [wanted]);
  assert.deepEqual(await ids("q=7293847561029384"), [wanted]);
  assert.deepEqual(await ids("status=error"), []);
  assert.deepEqual(await ids("status=queued"), []);
  assert.equal((await ids("status=completed, error")).length, 601);
  assert.deepEqual(await ids("limit=0"), []);
  const wrong = await ask("GET", "/api/admin/history?limit=-1");
  assert.equal(wrong.status, 422);
  assert.match(wrong.body.detail, /^limit must be/);
});

test("S-26 S-55 with the policy to stall, a start marks what was active, and says how many", async (t) => {
  const { ask } = await jobsFixture(t, {
    stall: true,
    beforeStart: async (store) => {
      await store.accept(
        newJob("runs", { surface: "studio", details: printJobDetails({ ...NO_DETAILS, ...DETAILS }) }),
      );
      await store.accept(newJob("waits"));
      await store.claim("w", { leaseMs: 1_000 });
    },
  });
  assert.deepEqual((await ask("GET", "/api/admin/queue")).body, []);
  const { body } = await ask("GET", "/api/admin/history");
  assert.deepEqual(
    body.map((record: any) => [
      record.prompt_id,
      record.status,
      record.error,
      record.finished_at,
      record.duration,
    ]),
    [
      ["waits", "stalled", null, null, null],
      ["runs", "stalled", null, null, null],
    ],
  );
  assert.equal(body[1].workflow_id, DETAILS.workflow_id);
  const [event] = (await ask("GET", "/api/admin/events?types=system.startup")).body;
  assert.deepEqual(
    [event.severity, event.message, event.data],
    ["warning", "2 jobs marked as stalled at startup", { stalled: 2 }],
  );
});

test("S-56 one record, with the time per node; an unknown one is 404", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const id = await ran({ details: DETAILS }, { nodeTimes: { "1": 1200, "2": 3 } });
  const { body } = await ask("GET", `/api/admin/history/${id}`);
  assert.deepEqual(body.node_times, { "1": 1200, "2": 3 });
  assert.equal(body.workflow_id, DETAILS.workflow_id);
  const unknown = await ask("GET", "/api/admin/history/nobody");
  assert.deepEqual([unknown.status, unknown.body], [404, { detail: "Job not found" }]);
});

test("S-57 delete wants a list of texts; an empty one deletes nothing", async (t) => {
  const { ask } = await jobsFixture(t);
  for (const body of [{}, { prompt_ids: "a" }, { prompt_ids: [1] }, [], "{"]) {
    const answer = await ask("POST", "/api/admin/history/delete", body);
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.equal(typeof answer.body.detail, "string");
  }
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", { prompt_ids: [] })).body, {
    deleted: [],
  });
});

test("S-58 S-60 delete lists what existed, once, in the order asked for, and tells each", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const [a, b] = [await ran(), await ran()];
  const answer = await ask("POST", "/api/admin/history/delete", { prompt_ids: [b, "nobody", a, b] });
  assert.deepEqual([answer.status, answer.body], [200, { deleted: [b, a] }]);
  const events = (await ask("GET", "/api/admin/events?types=job.deleted")).body;
  assert.deepEqual(events.map((event: any) => event.data.prompt_id).sort(), [a, b].sort());
  assert.deepEqual((await ask("GET", "/api/admin/history")).body, []);
});

test("S-59 S-61 the job's own directory and recorded files go; nothing else does", async (t) => {
  const { ask, ran, folders } = await jobsFixture(t);
  const out = (...parts: string[]): string => path.join(folders.output, ...parts);
  await mkdir(out(DETAILS.output_dir, "final"), { recursive: true });
  await writeFile(out(DETAILS.output_dir, "final", "a.png"), "a");
  await mkdir(out("elsewhere"));
  await writeFile(out("elsewhere", "keep.png"), "k");
  await symlink(out("elsewhere"), out(DETAILS.output_dir, "link"));
  await writeFile(out("recorded.png"), "r");
  await writeFile(out("cached.png"), "c");
  await writeFile(path.join(folders.input, "in.png"), "i");
  const id = await ran(
    { details: { ...DETAILS, input_image: "in.png" } },
    {
      outputs: {
        "2": { images: [image("recorded.png"), image("in.png", "", "input"), image("../../x", "..")] },
        "3": { images: [image("cached.png")] },
      },
      messages: [["execution_cached", { nodes: ["3"] }]],
    },
  );
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", { prompt_ids: [id] })).body.deleted, [id]);
  assert.equal(await exists(out(DETAILS.output_dir)), false);
  assert.equal(await exists(out("recorded.png")), false);
  assert.equal(await exists(out("cached.png")), true, "an earlier job made it");
  assert.equal(await exists(out("elsewhere", "keep.png")), true, "links are not followed");
  assert.equal(await exists(path.join(folders.input, "in.png")), true);
});

test("S-59 no name leads to the output directory itself, or out of it", async (t) => {
  const { ask, ran, folders } = await jobsFixture(t);
  await writeFile(path.join(folders.output, "a.png"), "a");
  await mkdir(path.join(folders.base, "outside"));
  await symlink(path.join(folders.base, "outside"), path.join(folders.output, "link"));
  await writeFile(path.join(folders.base, "outside", "b"), "b");
  const deleted: string[] = [];
  for (const output_dir of [".", "", "..", "../outside", "x/../..", "link/b", "link", "missing"]) {
    deleted.push(await ran({ details: { ...DETAILS, output_dir } }));
  }
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", { prompt_ids: deleted })).body, {
    deleted,
  });
  assert.equal(await readFile(path.join(folders.output, "a.png"), "utf8"), "a");
  assert.equal(await readFile(path.join(folders.base, "outside", "b"), "utf8"), "b");
  assert.equal(await exists(path.join(folders.output, "link")), false, "the link itself is unlinked");
});

test("S-62 active jobs are stopped, and then deleted", async (t) => {
  const { ask, submit, worker, store } = await jobsFixture(t);
  const running = await submit({ details: DETAILS });
  await worker.next();
  const waiting = await submit();
  const answer = await ask("POST", "/api/admin/history/delete", { prompt_ids: [running, waiting] });
  assert.deepEqual(answer.body, { deleted: [running, waiting] });
  assert.deepEqual(worker.interrupted, [running]);
  assert.deepEqual(await store.countByState(), {});
  assert.deepEqual((await ask("GET", "/api/admin/queue")).body, []);
});

test("S-63 a job whose files the system refuses to remove is kept, and not listed", async (t) => {
  const { ask, ran, store } = await jobsFixture(t);
  const id = await ran({}, { outputs: { "2": { images: [image("x".repeat(300))] } } });
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", { prompt_ids: [id] })).body, {
    deleted: [],
  });
  assert.equal((await ask("GET", "/api/admin/history")).body.length, 1);
  assert.deepEqual(await store.documents.list("deletions"), [], "nobody tries again by itself");
});

test("a key sees and deletes its own jobs alone", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const alices = await ran({ owner: "key:alice" });
  const bobs = await ran({ owner: "key:bob" });
  const bob = { "x-api-key": "bob" };
  assert.deepEqual(
    (await ask("GET", "/api/admin/history", undefined, bob)).body.map((record: any) => record.prompt_id),
    [bobs],
  );
  assert.equal((await ask("GET", `/api/admin/history/${alices}`, undefined, bob)).status, 404);
  assert.equal((await ask("GET", `/api/admin/history/${alices}/package`, undefined, bob)).status, 404);
  assert.deepEqual((await ask("GET", "/api/admin/history?owner=key:alice", undefined, bob)).body, []);
  assert.equal((await ask("GET", "/api/admin/history?owner=key:alice")).body.length, 1);
  const given = { prompt_ids: [alices, bobs] };
  assert.deepEqual((await ask("POST", "/api/admin/history/delete", given, bob)).body, { deleted: [bobs] });
  assert.equal(
    (await ask("POST", "/api/admin/history/delete", given, { "x-api-key": "reader" })).status,
    403,
  );
  assert.equal((await ask("GET", "/api/admin/history", undefined, {})).status, 401);
});
