import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "@hearth/protocol";
import { readJobDetails, type StudioJobDetails } from "../../studio/job-details.ts";
import { jobsFixture, prompt } from "./jobs-fixture.ts";

const DETAILS = {
  workflow_id: "flow",
  workflow_name: "Flow",
  output_dir: "20260324_143052_a1b2c3",
  input_image: "in.png",
  params: { seed: -1, text: "a cat" },
  seeds: { seed: 5, batch_1: 6 },
};
const retry = "/api/admin/history/retry";
const rerun = "/api/admin/history/rerun";

test("S-64 what is wrong with a retry is said by its status", async (t) => {
  const { ask, ran, submit, worker } = await jobsFixture(t, {
    rebuild: async ({ workflow_name }) =>
      workflow_name === "gone"
        ? { status: 500, detail: "Workflow 'flow' is gone" }
        : { prompt: { "1": { class_type: "Unknown", inputs: {} } }, details: { ...DETAILS, retry_of: null } },
  });
  const answer = async (body: unknown): Promise<[number, string]> => {
    const { status, body: said } = await ask("POST", retry, body);
    return [status, said.detail];
  };
  assert.deepEqual(await answer({}), [400, "prompt_id is missing"]);
  assert.deepEqual(await answer({ prompt_id: "" }), [400, "prompt_id is missing"]);
  assert.deepEqual(await answer(undefined), [400, "prompt_id is missing"]);
  assert.equal((await answer({ prompt_id: 5 }))[0], 422);
  assert.deepEqual(await answer({ prompt_id: "nobody" }), [404, "Job not found"]);
  const gone = await ran({ details: { ...DETAILS, workflow_name: "gone" } });
  assert.deepEqual(await answer({ prompt_id: gone }), [500, "Workflow 'flow' is gone"]);
  const refused = await answer({ prompt_id: await ran({ details: DETAILS }) });
  assert.equal(refused[0], 500);
  assert.match(refused[1], /^The prompt was refused: .*Unknown/);
  await submit();
  await worker.next();
});

test("S-65 a raw prompt has no workflow: its retry is 400, and rerun takes it", async (t) => {
  const { ask, ran, worker, store } = await jobsFixture(t);
  const raw = await ran({ prompt: prompt({ text: "raw" }) });
  const refused = await ask("POST", retry, { prompt_id: raw });
  assert.deepEqual(
    [refused.status, refused.body.detail],
    [400, "Job has no workflow_id: it cannot be rebuilt"],
  );
  const { status, body } = await ask("POST", rerun, { prompt_id: raw });
  assert.equal(status, 200);
  assert.equal(body.retry_of, raw);
  assert.deepEqual(
    parseJson((await worker.next()).prompt),
    parseJson((await store.getByPromptId(raw))?.prompt ?? ""),
  );
  assert.equal((await ask("POST", rerun, {})).status, 400);
});

test("S-66 S-67 S-70 the new job has its own directory and the same seeds; the old one stays", async (t) => {
  let given: StudioJobDetails | undefined;
  const { ask, ran, store, worker } = await jobsFixture(t, {
    rebuild: async (details) => {
      given = details;
      return { prompt: prompt(), details: { ...details, output_dir: "20260324_150000_ffffff" } };
    },
  });
  const old = await ran({ details: DETAILS });
  const before = (await ask("GET", `/api/admin/history/${old}`)).body;
  const { status, body } = await ask("POST", retry, { prompt_id: old });
  assert.deepEqual([status, Object.keys(body), body.retry_of], [200, ["prompt_id", "retry_of"], old]);
  assert.deepEqual([given?.params, given?.seeds], [DETAILS.params, DETAILS.seeds]);
  const [queued] = (await ask("GET", "/api/admin/queue")).body;
  assert.deepEqual(
    [queued.prompt_id, queued.retry_of, queued.output_dir, queued.seeds, queued.params, queued.input_image],
    [body.prompt_id, old, "20260324_150000_ffffff", DETAILS.seeds, DETAILS.params, "in.png"],
  );
  assert.deepEqual((await ask("GET", `/api/admin/history/${old}`)).body, before);
  worker.finish(await worker.next());
  const again = await ask("POST", retry, { prompt_id: old });
  assert.notEqual(again.body.prompt_id, body.prompt_id);
  worker.finish(await worker.next());
  await store.listQueue();
});

test("S-68 S-71 S-72 nothing is stored when the workflow or its input is gone", async (t) => {
  const { ask, ran, store } = await jobsFixture(t, {
    rebuild: async () => ({ status: 500, detail: "in.png is not among the input files" }),
  });
  const old = await ran({ details: DETAILS });
  const answer = await ask("POST", retry, { prompt_id: old });
  assert.deepEqual([answer.status, answer.body], [500, { detail: "in.png is not among the input files" }]);
  assert.deepEqual(await store.countByState(), { completed: 1 });
});

test("S-69 any job that has ended may be retried; an active one is 409", async (t) => {
  const { ask, submit, worker } = await jobsFixture(t);
  const active = await submit({ details: DETAILS });
  await worker.next();
  for (const path of [retry, rerun]) {
    const answer = await ask("POST", path, { prompt_id: active });
    assert.deepEqual([answer.status, answer.body.detail], [409, `Job ${active} has not ended yet`]);
  }
});

test("a rerun of a job with a directory writes into one of its own", async (t) => {
  const { ask, ran, worker, store } = await jobsFixture(t);
  const old = await ran({ details: DETAILS, prompt: prompt({ prefix: `${DETAILS.output_dir}/final/x` }) });
  const { body } = await ask("POST", rerun, { prompt_id: old });
  const details = readJobDetails((await store.recordByPromptId(body.prompt_id))?.details);
  assert.match(details.output_dir ?? "", /^\d{8}_\d{6}_[0-9a-f]{6}$/);
  assert.deepEqual([details.retry_of, details.seeds, details.workflow_id], [old, DETAILS.seeds, "flow"]);
  const job = await worker.next();
  assert.match(job.prompt, new RegExp(`"filename_prefix": "${details.output_dir}/final/x"`));
  assert.deepEqual(job.outputs, ["2"]);
});

test("who may only read retries nothing, and nobody retries the jobs of others", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const old = await ran({ details: DETAILS, owner: "key:bob" });
  assert.equal((await ask("POST", retry, { prompt_id: old }, { "x-api-key": "reader" })).status, 403);
  assert.equal((await ask("POST", retry, { prompt_id: old }, { "x-api-key": "alice" })).status, 404);
  const own = await ask("POST", retry, { prompt_id: old }, { "x-api-key": "bob" });
  assert.equal(own.status, 200);
});
