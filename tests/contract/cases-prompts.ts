/** `/prompt`, `/queue`, `/interrupt`, `/free`, `/history`, `/api/jobs`. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { failing, saving, sleeping, submit, untilJob } from "./prompt-graphs.ts";
import type { Shared } from "./servers.ts";

export function testPrompts(shared: Shared): void {
  test("a prompt runs, and queue, history and jobs tell of it", async () => {
    const { main } = shared();
    const workflow = { id: randomUUID(), nodes: [] };
    const done = await submit(main, saving(), { extra_data: { extra_pnginfo: { workflow } } });
    await untilJob(main, done, "completed");
    const failed = await submit(main, failing(11));
    await untilJob(main, failed, "failed");

    for (const round of [1, 2]) {
      await main.call("getQueueCount", 200);
      const history = await main.json<Record<string, unknown>>("listHistory", 200, {
        query: { max_items: `${round}` },
      });
      assert.equal(Object.keys(history).length, round);
      const entry = await main.json<Record<string, unknown>>("getHistoryEntry", 200, {
        path: { prompt_id: failed },
      });
      assert.deepEqual(Object.keys(entry), [failed]);
      assert.deepEqual(await main.json("getHistoryEntry", 200, { path: { prompt_id: randomUUID() } }), {});
      await main.call("listHistory", 400, { query: { max_items: "many" } });
    }
    await main.call("listHistory", 200, { query: { offset: "1", max_items: "1" } });
    const page = await main.json<{ jobs: { id: string }[] }>("listJobs", 200, {
      query: { workflow_id: workflow.id },
    });
    assert.deepEqual(
      page.jobs.map(({ id }) => id),
      [done],
    );
    await main.call("listJobs", 200, {
      query: { status: "failed,cancelled", sort_by: "execution_duration", sort_order: "asc" },
    });
    await main.call("listJobs", 400, { query: { status: "lost" } });
    await main.call("getJob", 404, { path: { job_id: randomUUID() } });
    await main.call("getJob", 200, { path: { job_id: failed } });
  });

  test("what cannot run is refused", async () => {
    const { main } = shared();
    for (const body of ["{", "", "\xff"]) await main.call("submitPrompt", 400, { body });
    await main.call("submitPrompt", 400, { json: {} });
    await main.call("submitPrompt", 400, { json: { prompt: {} } });
    await main.call("submitPrompt", 400, { json: { workflow: { nodes: [], links: [] } } });
    await main.call("submitPrompt", 400, { json: { workflow: "a name" } });
    const wrong = { "1": { class_type: "SaveImage", inputs: { filename_prefix: 3 } } };
    await main.call("submitPrompt", 400, { json: { prompt: wrong } });
    await main.call("submitPrompt", 400, { json: { prompt: saving(), prompt_id: "mine" } });
    const half = { ...saving(), ...{ "9": { class_type: "PreviewImage", inputs: { images: ["1", 7] } } } };
    const { node_errors } = await main.json<{ node_errors: object }>("submitPrompt", 200, {
      json: { prompt: half },
    });
    assert.deepEqual(Object.keys(node_errors), ["9"]);
  });

  test("jobs are stopped, removed and forgotten", async () => {
    const { main } = shared();
    const running = await submit(main, sleeping(60, 1));
    await untilJob(main, running, "in_progress");
    const waiting = await Promise.all([2, 3, 4, 5].map((color) => submit(main, sleeping(0, color))));
    for (let round = 0; round < 2; round += 1) {
      const { queue_running } = await main.json<{ queue_running: unknown[] }>("getQueue", 200);
      assert.equal(queue_running.length, 1);
    }
    await main.call("submitPrompt", 409, { json: { prompt: saving("other"), prompt_id: running } });
    await main.call("editQueue", 200, { json: { delete: [waiting[0]] } });
    assert.deepEqual(await main.json("cancelJob", 200, { path: { job_id: waiting[1] as string } }), {
      cancelled: true,
    });
    assert.deepEqual(await main.json("cancelJobs", 200, { json: { job_ids: [waiting[2]] } }), {
      cancelled: true,
    });
    await main.call("cancelJobs", 400, { json: { job_ids: ["x", 7] } });
    await main.call("cancelJobs", 400, { json: {} });
    await main.call("cancelJobs", 400, { body: "{" });
    await main.call("editQueue", 200, { json: { clear: true } });
    await main.call("editQueue", 400, { json: 7 });
    await main.call("editQueue", 400, { body: "{" });
    await main.call("interrupt", 200, { json: { prompt_id: randomUUID() } });
    await untilJob(main, running, "in_progress");
    await main.call("interrupt", 200, {});
    await untilJob(main, running, "cancelled");
    for (const json of [{ free_memory: true }, { unload_models: true }])
      await main.call("freeMemory", 200, { json });
    await main.call("freeMemory", 400, { json: "all" });
    await main.call("freeMemory", 400, { body: "" });
    await main.call("editHistory", 200, { json: { delete: [running] } });
    await main.call("getJob", 404, { path: { job_id: running } });
    await main.call("editHistory", 400, { body: "nothing" });
    await main.call("editHistory", 200, { json: { clear: true } });
    assert.deepEqual(await main.json("listHistory", 200), {});
  });
}
