/** Every field of the Jobs page, on a started server. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { until } from "../support/server.ts";
import { FAILS, KEY, LOCAL_TIME, StudioClient, WORKFLOW } from "./studio.ts";

let studio: StudioClient;
before(async () => {
  studio = await StudioClient.start();
  studio.addWorkflow();
});
after(() => studio?.server.stop());

test("queue: every field of a job that runs, and of its progress", async () => {
  await studio.ended(await studio.execute());
  const id = await studio.execute({ seconds: 20, seed: -1 });
  const { progress, ...record } = await studio.napping(id);
  assert.deepEqual(Object.keys(record).sort(), [
    "duration",
    "error",
    "finished_at",
    "input_image",
    "output",
    "output_dir",
    "params",
    "prompt_id",
    "queued_at",
    "seeds",
    "started_at",
    "status",
    "workflow_id",
    "workflow_name",
  ]);
  assert.equal(record.prompt_id, id);
  assert.equal(record.workflow_id, WORKFLOW);
  assert.equal(record.workflow_name, "Slow copy");
  assert.match(record.output_dir, /^\d{8}_\d{6}_[0-9a-f]{6}$/);
  assert.equal(record.status, "running");
  assert.match(record.queued_at, LOCAL_TIME);
  assert.match(record.started_at, LOCAL_TIME);
  assert.deepEqual([record.finished_at, record.duration], [null, null]);
  assert.match(record.input_image, /^\d{8}_\d{6}_[0-9a-f]{6}_small\.png$/);
  assert.deepEqual(record.params, { seconds: 20, seed: -1 });
  assert.ok(Number.isSafeInteger(record.seeds.seed) && record.seeds.seed >= 0);
  assert.deepEqual([record.output, record.error], [null, null]);

  assert.equal(progress.status, "running");
  assert.equal(progress.node_title, "A nap");
  assert.equal(progress.node_type, "TestSleep");
  assert.equal(progress.total_steps, 2000);
  assert.ok(progress.step > 0 && progress.step < progress.total_steps, `${progress.step}`);
  assert.equal(progress.total_nodes, 6);
  assert.ok(progress.cached_count >= 0 && progress.effective_total <= 6 - progress.cached_count);
  assert.ok(progress.nodes_done >= 1 && progress.nodes_done <= progress.effective_total);
  assert.ok(Number.isInteger(progress.percent) && progress.percent < 100, `${progress.percent}`);
  // How fast a busy machine is, nobody knows.
  assert.ok(Number.isFinite(progress.step_rate) && progress.step_rate > 0, `${progress.step_rate}`);
  assert.ok(Number.isInteger(progress.eta_seconds) && progress.eta_seconds >= 0, `${progress.eta_seconds}`);
  const outputs = progress.node_outputs["4"];
  assert.deepEqual([outputs.node_type, outputs.items.length], ["SaveImage", 1]);
  assert.equal(outputs.items[0].subfolder, `${record.output_dir}/preview`);
  await studio.ask("POST", "/api/admin/queue/cancel", { prompt_ids: [id] });
  await studio.ended(id);
});

test("queue: cached_count counts what an earlier job had made, and effective_total leaves it out", async () => {
  const graph = (seconds: number): object => ({
    "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 77 } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "cached" } },
  });
  await studio.ended(await studio.prompt(graph(0.05)));
  const id = await studio.prompt(graph(20));
  const { progress } = await studio.napping(id);
  assert.equal(progress.total_nodes, 3);
  assert.equal(progress.cached_count, 1);
  assert.equal(progress.effective_total, 2);
  await studio.ask("POST", "/api/admin/queue/cancel", { prompt_ids: [id] });
  await studio.ended(id);
});

test("queue: a job that waits has the status and the progress of its record", async () => {
  await studio.ask("POST", "/api/admin/queue/pause");
  const id = await studio.execute({ seed: 5 });
  const [record] = await studio.get("/api/admin/queue");
  assert.deepEqual(
    [record.prompt_id, record.status, record.started_at, record.progress.status, record.progress.percent],
    [id, "queued", null, "queued", 0],
  );
  assert.deepEqual(record.seeds, { seed: 5 });
  await studio.ask("POST", "/api/admin/queue/resume");
  await studio.ended(id);
});

test("history: every field of a completed job", async () => {
  const id = await studio.execute({ seconds: 1.2, seed: 7293847561029384 });
  const record = await studio.ended(id);
  assert.equal(record.prompt_id, id);
  assert.equal(record.workflow_id, WORKFLOW);
  assert.equal(record.workflow_name, "Slow copy");
  assert.match(record.output_dir, /^\d{8}_\d{6}_[0-9a-f]{6}$/);
  assert.equal(record.status, "completed");
  for (const time of [record.queued_at, record.started_at, record.finished_at])
    assert.match(time, LOCAL_TIME);
  assert.ok(Number.isInteger(record.duration) && record.duration >= 1, `${record.duration}`);
  assert.match(record.input_image, /_small\.png$/);
  assert.deepEqual(record.params, { seconds: 1.2, seed: 7293847561029384 });
  assert.deepEqual(record.seeds, { seed: 7293847561029384 });
  assert.deepEqual(Object.keys(record.output), ["filename", "subfolder", "type"]);
  assert.match(record.output.filename, /^final_00001_?\.png$/);
  assert.equal(record.output.subfolder, `${record.output_dir}/final`);
  assert.equal(record.output.type, "output");
  assert.equal(record.error, null);
});

test("history: a failed job says which node and what, newest first", async () => {
  const id = await studio.prompt(FAILS);
  await studio.ended(id);
  const [record] = await studio.get("/api/admin/history");
  assert.deepEqual([record.prompt_id, record.status, record.output], [id, "error", null]);
  assert.match(record.error, /^\[A stumble\] ./);
  assert.deepEqual([record.params, record.seeds, record.input_image], [{}, {}, null]);
});

test("retry: the new job has the same parameters, seeds and picture, and names the old one", async () => {
  const id = await studio.execute({ seed: -1 });
  const old = await studio.ended(id);
  const { status, body } = await studio.ask("POST", "/api/admin/history/retry", { prompt_id: id });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body), ["prompt_id", "retry_of"]);
  assert.equal(body.retry_of, id);
  assert.notEqual(body.prompt_id, id);
  const record = await studio.ended(body.prompt_id);
  assert.equal(record.retry_of, id);
  assert.equal(record.status, "completed");
  assert.deepEqual(
    [record.params, record.seeds, record.input_image],
    [old.params, old.seeds, old.input_image],
  );
  assert.notEqual(record.output_dir, old.output_dir);
});

test("retry: what is wrong is 400, 404 or 500, with a detail", async () => {
  const retry = async (body: unknown): Promise<[number, string]> => {
    const answer = await studio.ask("POST", "/api/admin/history/retry", body);
    return [answer.status, typeof answer.body.detail];
  };
  assert.deepEqual(await retry({}), [400, "string"], "no prompt_id");
  const raw = await studio.prompt(FAILS);
  await studio.ended(raw);
  assert.deepEqual(await retry({ prompt_id: raw }), [400, "string"], "no workflow_id");
  assert.deepEqual(await retry({ prompt_id: "nobody" }), [404, "string"]);
  const id = await studio.execute({ seed: 3 });
  await studio.ended(id);
  const folder = path.join(studio.studio, "workflows", WORKFLOW);
  renameSync(folder, `${studio.studio}/away`);
  assert.deepEqual(await retry({ prompt_id: id }), [500, "string"], "the workflow is gone");
  renameSync(`${studio.studio}/away`, folder);
});

test("package: an archive with the record, the picture that went in and what came out", async () => {
  const id = await studio.execute({ seed: 4 });
  const { output_dir, input_image } = await studio.ended(id);
  const answer = await fetch(`${studio.server.url}/api/admin/history/${id}/package`, {
    headers: { "x-api-key": KEY },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/zip");
  assert.equal(answer.headers.get("content-disposition"), `attachment; filename="job_${output_dir}.zip"`);
  const file = path.join(studio.server.base, "package.zip");
  writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  const unzip = (...args: string[]): string => execFileSync("unzip", args, { encoding: "utf8" });
  const names = unzip("-Z1", file).trim().split("\n").sort();
  assert.deepEqual(names[0], `input/${input_image}`);
  assert.deepEqual(names[1], "job.json");
  assert.match(names[2] ?? "", /^output\/final_00001_?\.png$/);
  const record = JSON.parse(unzip("-p", file, "job.json"));
  assert.deepEqual([record.prompt_id, record.status], [id, "completed"]);
  const unknown = await studio.ask("GET", "/api/admin/history/nobody/package");
  assert.deepEqual([unknown.status, unknown.body], [404, { detail: "Job not found" }]);
});

test("delete: prompt_ids name what goes, deleted names what went, with its folder, told as an event", async () => {
  const id = await studio.execute({ seed: 6 });
  const { output_dir } = await studio.ended(id);
  const folder = path.join(studio.server.base, "output", output_dir);
  assert.ok(readdirSync(folder).length > 0);
  const answer = await studio.ask("POST", "/api/admin/history/delete", { prompt_ids: ["nobody", id] });
  assert.deepEqual([answer.status, answer.body], [200, { deleted: [id] }]);
  assert.ok(!existsSync(folder));
  const event = (await studio.get("/api/admin/events?types=job.deleted")).at(-1);
  assert.equal(event.data.prompt_id, id);
  assert.equal((await studio.ask("POST", "/api/admin/history/delete", {})).status, 422);
});

test("history: jobs that waited or ran when the server stopped are stalled, by the policy of the page", async (t) => {
  const stalling = await StudioClient.start({}, ["--restart-policy", "stall"]);
  t.after(() => stalling.server.stop());
  stalling.addWorkflow();
  const running = await stalling.execute({ seconds: 300 });
  await stalling.napping(running);
  const waiting = await stalling.execute();
  await stalling.server.terminate();
  await stalling.server.launch();
  const records = await stalling.get("/api/admin/history");
  assert.deepEqual(
    records.map(({ prompt_id, status, error, finished_at }: any) => [prompt_id, status, error, finished_at]),
    [
      [waiting, "stalled", null, null],
      [running, "stalled", null, null],
    ],
  );
  const [event] = await until("the finding to be told", async () => {
    const found = await stalling.get("/api/admin/events?types=system.startup");
    return found.length > 0 ? found : undefined;
  });
  assert.deepEqual([event.severity, event.data], ["warning", { stalled: 2 }]);
});
