/** What is promised of whole records, their search and their removal. */
import assert from "node:assert/strict";
import { type Check, LEASE, newJob, runNext } from "./support.ts";

export function recordsPromises(check: Check): void {
  check("records: pages, newest first or as the queue runs", async (store) => {
    for (const id of ["a", "b", "c", "d"]) await store.accept(newJob(id));
    await store.accept(newJob("studio", { surface: "studio", owner: "o", front: true }));
    await store.claim("w", LEASE);
    const ids = async (more: object): Promise<string[]> =>
      (await store.listRecords({ order: "newest", ...more })).jobs.map((job) => job.promptId);
    assert.deepEqual(await ids({ limit: 2, offset: 1 }), ["d", "c"]);
    assert.deepEqual(await ids({ order: "queue", states: ["queued", "running"] }), [
      (await store.listQueue()).running[0]?.promptId,
      ...(await store.listQueue()).pending.map((job) => job.promptId),
    ]);
    assert.deepEqual(await ids({ surface: "studio" }), ["studio"]);
    assert.deepEqual(await ids({ owner: "o" }), ["studio"]);
    assert.equal((await store.listRecords({ order: "newest", limit: 1 })).total, 5);
  });

  check("ended jobs are found by the words in them, once they have ended", async (store) => {
    const details =
      '{"workflow_id": "flow", "params": {"text": "ein schöner Garten"}, "seeds": {"seed": 9007199254740993}}';
    await store.accept(newJob("a", { surface: "studio", details }));
    const prompt =
      '{"1": {"class_type": "SaveImage", "inputs": {"prefix": "holiday"}, "_meta": {"title": "Garden"}}}';
    await store.accept(newJob("b", { prompt, owner: "o" }));
    const ids = async (text: string, more: object = {}): Promise<string[]> =>
      (await store.listRecords({ order: "newest", text, ...more })).jobs.map((job) => job.promptId);
    assert.deepEqual(await ids("gar"), [], "nothing has ended");
    await runNext(store);
    await runNext(store, { outputs: '{"1": {"images": [{"filename": "sunset_00012_.png"}]}}' });
    assert.deepEqual(await ids("gar"), ["b", "a"]);
    assert.deepEqual(await ids("SCHONER garten"), ["a"]);
    assert.deepEqual(await ids("9007199254740993"), ["a"]);
    assert.deepEqual(await ids("sunset_00012"), ["b"]);
    assert.deepEqual(await ids("gar", { owner: "o" }), ["b"]);
    assert.deepEqual(await ids("gar", { states: ["failed"] }), []);
    assert.deepEqual(await ids("gar", { limit: 1, offset: 1 }), ["a"]);
    assert.equal((await store.listRecords({ order: "newest", text: "gar", limit: 1 })).total, 2);
    assert.deepEqual(await ids('" OR NEAR( *'), [], "words, not the syntax of an index");
    assert.deepEqual(await ids("--"), []);
    const { id } = (await store.recordByPromptId("a")) ?? { id: "" };
    await store.remove(id);
    assert.deepEqual(await ids("gar"), ["b"]);
  });

  check("a text search with more conditions finds and counts what fits all of them", async (store) => {
    for (const [id, owner, flow] of [
      ["a", "o", "x"],
      ["b", "o", "y"],
      ["c", "p", "x"],
      ["d", "p", "y"],
    ] as const) {
      const details = `{"workflow_id": "${flow}", "text": "harbour"}`;
      await store.accept(newJob(id, { owner, surface: "studio", details }));
      await runNext(store, { state: id === "d" ? "failed" : "completed", error: "{}" });
    }
    await store.accept(newJob("waits", { owner: "o", details: '{"text": "harbour"}' }));
    const ended = ["completed", "failed", "cancelled", "stalled"] as const;
    const found = async (more: object): Promise<[string, number]> => {
      const options = { order: "newest", text: "harb", limit: 2, ...more } as const;
      const { jobs, total } = await store.listRecords(options);
      return [jobs.map((job) => job.promptId).join(" "), total];
    };
    assert.deepEqual(await found({}), ["d c", 4]);
    assert.deepEqual(await found({ states: ended }), ["d c", 4]);
    assert.deepEqual(await found({ states: ended, owner: "o" }), ["b a", 2]);
    assert.deepEqual(await found({ states: ["failed"], owner: "p" }), ["d", 1]);
    assert.deepEqual(await found({ states: ended, studioWorkflow: "x", limit: 1 }), ["c", 2]);
    assert.deepEqual(await found({ surface: "comfy" }), ["", 0]);
    const { id: c } = (await store.recordByPromptId("c")) ?? { id: "" };
    assert.deepEqual(await found({ states: ended, acceptedBefore: c, owner: "o", limit: 1 }), ["b", 2]);
    // Totals are kept only while nothing happens.
    const { id: a } = (await store.recordByPromptId("a")) ?? { id: "" };
    await store.remove(a);
    assert.deepEqual(await found({ states: ended, owner: "o" }), ["b", 1]);
    await store.setDetails(c, '{"workflow_id": "y"}');
    assert.deepEqual(await found({ states: ended, studioWorkflow: "x" }), ["", 0]);
  });

  check("records of one workflow of Studio, and of states that have ended", async (store) => {
    for (const [id, flow] of [
      ["a", "x"],
      ["b", "y"],
      ["c", "x"],
    ] as const) {
      await store.accept(newJob(id, { surface: "studio", details: `{"workflow_id": "${flow}"}` }));
    }
    await store.accept(newJob("raw"));
    await runNext(store);
    await runNext(store, { state: "failed", error: "{}" });
    const ids = async (more: object): Promise<string[]> =>
      (await store.listRecords({ order: "newest", ...more })).jobs.map((job) => job.promptId);
    const ended = ["completed", "failed", "cancelled", "stalled"] as const;
    assert.deepEqual(await ids({ studioWorkflow: "x" }), ["c", "a"]);
    assert.deepEqual(await ids({ studioWorkflow: "x", states: ended }), ["a"]);
    assert.deepEqual(await ids({ states: ended }), ["b", "a"]);
    assert.deepEqual(await ids({ states: ["failed"] }), ["b"]);
    assert.deepEqual(await ids({ states: ["failed", "queued"] }), ["raw", "c", "b"]);
    assert.deepEqual(await ids({ states: ended, owner: "anonymous", limit: 1, offset: 1 }), ["a"]);
    assert.deepEqual(await ids({ states: [] }), []);
    const { id } = (await store.recordByPromptId("c")) ?? { id: "" };
    assert.deepEqual(await ids({ acceptedBefore: id, limit: 1 }), ["b"]);
    assert.equal((await store.recordByPromptId("b"))?.failedPrompt, newJob("b").prompt);
    assert.equal((await store.recordByPromptId("a"))?.failedPrompt, undefined);
    assert.equal(await store.recordByPromptId("a", "somebody"), undefined);
  });

  check("an ended job can be removed for good, a waiting one cannot", async (store) => {
    const { id } = await store.accept(newJob("a"));
    assert.equal(await store.remove(id), false);
    await runNext(store);
    assert.equal(await store.remove(id), true);
    assert.equal(await store.remove(id), false);
    assert.equal(await store.get(id), undefined);
    assert.equal((await store.latestEvents({ limit: 1 }))[0]?.type, "job.deleted");
  });
}
