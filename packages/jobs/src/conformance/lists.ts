/** What is promised of the lists that ComfyUI's clients see, and of owners. */
import assert from "node:assert/strict";
import type { JobStore } from "../store.ts";
import { type Check, newJob, runNext } from "./support.ts";

export function listsPromises(check: Check): void {
  check("history: windows, one place per prompt id, deletion", async (store) => {
    for (const id of ["a", "b", "c"]) {
      await store.accept(newJob(id));
      await runNext(store);
    }
    await store.accept(newJob("a"));
    await runNext(store, { outputs: '{"new": {}}' });
    const ids = async (options: { maxItems?: number; offset?: number }): Promise<string[]> =>
      (await store.listHistory(options)).map((row) => row.promptId);
    assert.deepEqual(await ids({}), ["a", "b", "c"]);
    assert.equal((await store.historyById("a"))?.outputs, '{"new": {}}');
    assert.deepEqual(await ids({ maxItems: 2 }), ["b", "c"]);
    assert.deepEqual(await ids({ offset: 1 }), ["b", "c"]);
    assert.deepEqual(await ids({ offset: 1, maxItems: 1 }), ["b"]);
    await store.deleteHistory(["b"]);
    assert.deepEqual(await ids({}), ["a", "c"]);
    await store.clearHistory();
    assert.deepEqual(await ids({}), []);
  });

  check("the jobs list: filters, order, ties, pages", async (store) => {
    await store.accept(newJob("old", { createdAt: 1, workflowId: "w" }));
    await runNext(store, { startedAt: 0, endedAt: 50 });
    await store.accept(newJob("failed", { createdAt: 2 }));
    await runNext(store, { state: "failed", startedAt: 0, endedAt: 10 });
    await store.accept(newJob("waits", { createdAt: 3 }));
    const ids = async (more: Partial<Parameters<JobStore["listJobs"]>[0]>): Promise<string[]> => {
      const page = await store.listJobs({ sortBy: "created_at", sortOrder: "desc", offset: 0, ...more });
      return page.jobs.map((job) => job.promptId);
    };
    assert.deepEqual(await ids({}), ["waits", "failed", "old"]);
    assert.deepEqual(await ids({ sortOrder: "asc" }), ["old", "failed", "waits"]);
    assert.deepEqual(await ids({ states: ["failed"] }), ["failed"]);
    assert.deepEqual(await ids({ states: ["queued", "running"] }), ["waits"]);
    assert.deepEqual(await ids({ states: ["running"] }), []);
    assert.deepEqual(await ids({ states: ["failed", "stalled", "cancelled"] }), ["failed"]);
    assert.deepEqual(await ids({ states: ["failed", "completed"] }), ["failed", "old"]);
    assert.deepEqual(await ids({ states: [] }), []);
    assert.deepEqual(await ids({ workflowId: "w" }), ["old"]);
    assert.deepEqual(await ids({ sortBy: "execution_duration" }), ["old", "failed", "waits"]);
    assert.deepEqual(await ids({ limit: 1, offset: 1 }), ["failed"]);
    assert.equal(
      (await store.listJobs({ sortBy: "created_at", sortOrder: "asc", offset: 0, limit: 1 })).total,
      3,
    );
  });

  check("pages of many jobs, some of the same instant, meet without a gap", async (store) => {
    const all = Array.from({ length: 1_000 }, (_, index) => `p${index}`);
    await Promise.all(all.map((id, index) => store.accept(newJob(id, { createdAt: Math.floor(index / 7) }))));
    for (const sortOrder of ["asc", "desc"] as const) {
      const whole = await store.listJobs({ sortBy: "created_at", sortOrder, offset: 0 });
      const paged: string[] = [];
      for (let offset = 0; offset < all.length; offset += 64) {
        const { jobs } = await store.listJobs({ sortBy: "created_at", sortOrder, offset, limit: 64 });
        paged.push(...jobs.map((job) => job.promptId));
      }
      assert.deepEqual(
        paged,
        whole.jobs.map((job) => job.promptId),
      );
      assert.equal(new Set(paged).size, all.length);
    }
  });

  check("an owner sees, stops and removes its own jobs alone", async (store) => {
    for (const [id, owner] of [
      ["a1", "a"],
      ["b1", "b"],
      ["a2", "a"],
      ["b2", "b"],
    ] as const) {
      await store.accept(newJob(id, { owner }));
    }
    await runNext(store);
    await runNext(store);
    const ids = (rows: readonly { promptId: string }[]): string[] => rows.map((row) => row.promptId);
    const list = { sortBy: "created_at", sortOrder: "asc", offset: 0 } as const;
    assert.deepEqual(ids((await store.listQueue("a")).pending), ["a2"]);
    assert.deepEqual(ids(await store.listHistory({ owner: "a" })), ["a1"]);
    assert.deepEqual(ids(await store.listHistory({ owner: "b", offset: 0 })), ["b1"]);
    assert.deepEqual(ids((await store.listJobs({ ...list, owner: "b" })).jobs).sort(), ["b1", "b2"]);
    assert.equal((await store.listJobs({ ...list, owner: "nobody" })).total, 0);
    assert.equal(await store.historyById("a1", "b"), undefined);
    assert.equal((await store.getByPromptId("a1", "a"))?.promptId, "a1");
    assert.equal(await store.getByPromptId("a1", "b"), undefined);

    assert.equal(await store.cancel(["a2"], "b"), 0);
    await store.deleteHistory(["a1"], "b");
    await store.clearHistory("b");
    assert.equal(await store.clearQueue("b"), 1);
    assert.deepEqual(ids((await store.listQueue()).pending), ["a2"]);
    assert.deepEqual(ids(await store.listHistory({})), ["a1"]);
  });

  check("the history of each owner keeps its own entry of a prompt id", async (store) => {
    await store.accept(newJob("same", { owner: "a" }));
    await runNext(store);
    await store.accept(newJob("same", { owner: "b" }));
    await runNext(store);
    assert.equal((await store.listHistory({ owner: "a" })).length, 1);
    assert.equal((await store.listHistory({ owner: "b" })).length, 1);
  });
}
