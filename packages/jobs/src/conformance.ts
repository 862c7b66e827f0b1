/** The promises of the port, as tests. Every implementation runs this suite. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PromptIdInUseError } from "./errors.ts";
import type { Finish, NewJob } from "./job.ts";
import type { JobStore } from "./store.ts";

export interface StoreUnderTest {
  readonly store: JobStore;
  /** closes the store and opens it again on the same data */
  reopen(): Promise<JobStore>;
  destroy(): Promise<void>;
}

const LEASE = { leaseMs: 60_000 };

export function newJob(promptId: string, more: Partial<NewJob> = {}): NewJob {
  return {
    promptId,
    prompt: '{"1": {"class_type": "X", "inputs": {"seed": 18446744073709551615, "scale": 1.0}}}',
    extraData: '{"create_time": 1}',
    sensitive: undefined,
    outputsToExecute: ["1"],
    number: undefined,
    front: false,
    clientId: undefined,
    owner: "anonymous",
    createdAt: 1,
    workflowId: undefined,
    ...more,
  };
}

export function finished(more: Partial<Finish> = {}): Finish {
  return {
    state: "completed",
    outputs: '{"1": {"images": []}}',
    status: '{"status_str": "success"}',
    meta: "{}",
    error: undefined,
    nodeTimes: "{}",
    outputsCount: 0,
    previewableCount: 0,
    previewOutput: undefined,
    startedAt: 10,
    endedAt: 20,
    ...more,
  };
}

/** Runs a queued job to its end. */
async function runNext(store: JobStore, more: Partial<Finish> = {}): Promise<string> {
  const job = await store.claim("w", LEASE);
  assert.ok(job, "a job waits");
  assert.equal(await store.finish(job.id, job.attempt, finished(more)), true);
  return job.promptId;
}

/** Registers the suite. `open` gives an empty store each time. */
export function jobStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`JobStore: ${name}`, () => {
    const check = (title: string, body: (store: JobStore, under: StoreUnderTest) => Promise<void>): void => {
      describe(title, () => {
        let under: StoreUnderTest;
        before(async () => {
          under = await open();
        });
        after(() => under.destroy());
        test("holds", () => body(under.store, under));
      });
    };

    check("texts come back exactly, integers beyond 2^53 too", async (store) => {
      const job = newJob("a", { sensitive: '{"token": "s"}' });
      await store.accept(job);
      const claimed = await store.claim("w", LEASE);
      assert.equal(claimed?.prompt, job.prompt);
      assert.equal(claimed.sensitive, job.sensitive);
      assert.ok(!("sensitive" in ((await store.getByPromptId("a")) ?? {})));
    });

    check("numbers: a counter, negated by front, and floats as given", async (store) => {
      assert.equal((await store.accept(newJob("a"))).number, "0");
      assert.equal((await store.accept(newJob("b"))).number, "1");
      assert.equal((await store.accept(newJob("c", { front: true }))).number, "-2");
      assert.equal((await store.accept(newJob("d", { number: 0.5 }))).number, "0.5");
      assert.equal(await store.takeNumber(), 3);
      assert.equal((await store.accept(newJob("e", { number: 5 }))).number, "5.0");
      const { pending } = await store.listQueue();
      assert.deepEqual(
        pending.map((job) => job.promptId),
        ["c", "a", "d", "b", "e"],
      );
    });

    check("the counter goes on after a restart", async (store, under) => {
      await store.accept(newJob("a"));
      const again = await under.reopen();
      assert.equal((await again.accept(newJob("b"))).number, "1");
      assert.deepEqual(
        (await again.listQueue()).pending.map((job) => job.promptId),
        ["a", "b"],
      );
    });

    check("a prompt id in use: the same prompt answers as before, another is refused", async (store) => {
      const first = await store.accept(newJob("a"));
      const again = await store.accept(newJob("a"));
      assert.deepEqual({ ...again, isNew: true }, first);
      assert.equal(again.isNew, false);
      await assert.rejects(store.accept(newJob("a", { prompt: "{}" })), PromptIdInUseError);
      await runNext(store);
      assert.equal((await store.accept(newJob("a", { prompt: "{}" }))).isNew, true);
    });

    check(
      "concurrent accepts each get their own number, and a refused one spoils no other",
      async (store) => {
        await store.accept(newJob("x"));
        const results = await Promise.allSettled([
          ...Array.from({ length: 50 }, (_, index) => store.accept(newJob(`p${index}`))),
          store.accept(newJob("x", { prompt: "{}" })),
        ]);
        assert.equal(results.filter((result) => result.status === "rejected").length, 1);
        const numbers = new Set((await store.listQueue()).pending.map((job) => job.number));
        assert.equal(numbers.size, 51);
      },
    );

    check("owners take turns; within one, number and then sequence decide", async (store) => {
      for (const [id, owner] of [
        ["a1", "a"],
        ["a2", "a"],
        ["b1", "b"],
      ] as const) {
        await store.accept(newJob(id, { owner }));
      }
      const order = [await runNext(store), await runNext(store), await runNext(store)];
      assert.deepEqual(order, ["a1", "b1", "a2"]);
    });

    check("jobs of one number run in the order of their prompt ids", async (store) => {
      for (const id of ["c", "a", "b"]) await store.accept(newJob(id, { number: 7 }));
      assert.deepEqual([await runNext(store), await runNext(store), await runNext(store)], ["a", "b", "c"]);
    });

    check("a late attempt changes nothing", async (store) => {
      await store.accept(newJob("a"));
      const first = await store.claim("w1", LEASE);
      assert.ok(first);
      assert.equal(await store.requeue(first.id, first.attempt, "lost"), "queued");
      const second = await store.claim("w2", LEASE);
      assert.equal(second?.attempt, first.attempt + 1);
      assert.equal(await store.finish(first.id, first.attempt, finished()), false);
      assert.equal(await store.requeue(first.id, first.attempt, "lost"), "late");
      assert.equal(await store.finish(second.id, second.attempt, finished()), true);
      assert.equal(await store.finish(second.id, second.attempt, finished()), false, "never twice");
    });

    check("a job that was running at two unclean stops is quarantined", async (store) => {
      await store.accept(newJob("a"));
      const first = await store.claim("w", LEASE);
      assert.ok(first);
      await store.requeue(first.id, first.attempt, "lost");
      const second = await store.claim("w", LEASE);
      assert.ok(second);
      assert.equal(await store.requeue(second.id, second.attempt, "lost"), "failed");
      assert.equal((await store.get(second.id))?.quarantined, true);
      assert.equal(await store.finish(second.id, second.attempt, finished()), true);
      assert.equal((await store.get(second.id))?.quarantined, false, "it came through after all");
    });

    check("a job that is handed back runs again at its old place, and is not blamed", async (store) => {
      await store.accept(newJob("first"));
      await store.accept(newJob("second"));
      const job = await store.claim("w", LEASE);
      assert.ok(job);
      assert.equal(await store.handBack(job.id, job.attempt + 1), false, "another attempt's");
      assert.equal(await store.handBack(job.id, job.attempt), true);
      assert.equal(await store.finish(job.id, job.attempt, finished()), false, "too late");
      assert.equal((await store.get(job.id))?.uncleanStops, 0);
      const again = await store.claim("w", LEASE);
      assert.deepEqual([again?.promptId, again?.attempt], ["first", 2]);
    });

    check("a restart finds what waited and what ran", async (store, under) => {
      await store.accept(newJob("runs", { clientId: "me" }));
      await store.accept(newJob("waits"));
      const running = await store.claim("w", LEASE);
      const again = await under.reopen();
      assert.deepEqual(await again.recover(), [
        { id: running?.id, owner: "anonymous", promptId: "runs", attempt: 1, clientId: "me", workerId: "w" },
      ]);
      assert.deepEqual(await again.counts(), { pending: 1, running: 1 });
    });

    check("a stop in order is no unclean stop", async (store, under) => {
      await store.accept(newJob("a"));
      const job = await store.claim("w", LEASE);
      assert.ok(job);
      const second = await under.reopen();
      await second.recover();
      const third = await under.reopen();
      await third.recover();
      assert.equal((await third.get(job.id))?.uncleanStops, 0);
      assert.equal(await third.requeue(job.id, job.attempt, "lost"), "queued");
    });

    check("cancelling takes what waits, and only that", async (store) => {
      for (const id of ["a", "b", "c"]) await store.accept(newJob(id));
      await store.claim("w", LEASE);
      assert.equal(await store.cancel(["a", "b", "nobody"]), 1);
      assert.equal(await store.clearQueue(), 1);
      assert.deepEqual(await store.counts(), { pending: 0, running: 1 });
      assert.equal((await store.getByPromptId("b"))?.state, "cancelled");
      assert.equal(
        (await store.getByPromptId("b"))?.historyDeleted,
        true,
        "it never ran: no view of ComfyUI has it",
      );
      assert.deepEqual(await store.listHistory({}), []);
    });

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
      await Promise.all(
        all.map((id, index) => store.accept(newJob(id, { createdAt: Math.floor(index / 7) }))),
      );
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

    check("every change of state is an event, in the same transaction", async (store) => {
      await store.accept(newJob("a"));
      await runNext(store);
      await store.accept(newJob("b"));
      await store.cancel(["b"]);
      const events = await store.events(0, 100);
      assert.deepEqual(
        events.map((event) => event.type),
        ["job.queued", "job.started", "job.completed", "job.queued", "job.cancelled"],
      );
      assert.ok(events.every((event, index) => index === 0 || event.seq > (events[index - 1]?.seq ?? 0)));
      assert.equal((await store.events(events[3]?.seq ?? 0, 100)).length, 1);
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

    check("a reserved job waits for its prompt, and then runs like any other", async (store) => {
      const { id } = await store.reserve(newJob("a", { surface: "control", details: '{"name": "x"}' }));
      assert.equal(await store.claim("w", LEASE), undefined, "it is not queued");
      assert.equal(await store.advance(id, "uploaded"), true);
      const prompt = '{"1": {"class_type": "Y", "inputs": {}}}';
      const ready = { prompt, extraData: "{}", outputsToExecute: ["1"] };
      assert.equal(await store.enqueue(id, ready), true);
      assert.equal(await store.enqueue(id, ready), false, "only once");
      const job = await store.claim("w", LEASE);
      assert.deepEqual([job?.id, job?.prompt], [id, prompt]);
      const { jobs } = await store.listRecords({ surface: "control", order: "newest" });
      assert.deepEqual([jobs[0]?.details, jobs[0]?.state], ['{"name": "x"}', "running"]);
    });

    check("a reserved job may turn out invalid, or be cancelled", async (store) => {
      const first = await store.reserve(newJob("a"));
      const second = await store.reserve(newJob("b"));
      assert.equal(await store.advance(first.id, "invalid", "no such class"), true);
      assert.equal(await store.cancelPreparing(first.id), false, "it has ended");
      assert.equal(await store.cancelPreparing(second.id), true);
      const job = await store.get(first.id);
      assert.deepEqual([job?.state, job?.error], ["invalid", "no such class"]);
      assert.notEqual(job?.endedAt, undefined);
      assert.deepEqual(await store.countByState(), { invalid: 1, cancelled: 1 });
    });

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

    check("where the policy says so, all that waits or runs is stalled", async (store) => {
      for (const id of ["a", "b", "c"]) await store.accept(newJob(id));
      await runNext(store);
      const job = await store.claim("w", LEASE);
      assert.equal(await store.stallAll(), 2);
      assert.equal(await store.stallAll(), 0);
      assert.deepEqual(await store.countByState(), { completed: 1, stalled: 2 });
      assert.equal((await store.getByPromptId("b"))?.endedAt, undefined);
      assert.equal(await store.finish(job?.id ?? "", 1, finished()), false, "its worker comes too late");
      assert.deepEqual(
        (await store.listHistory({})).map((row) => row.promptId),
        ["a", "b", "c"],
      );
      assert.equal((await store.latestEvents({ types: ["job.stalled"], limit: 9 })).length, 2);
    });

    check("a job goes between two of one number, however often", async (store) => {
      const ids = new Map<string, string>();
      for (const name of ["a", "b", "c", "d"]) {
        ids.set(name, (await store.accept(newJob(name, { number: name === "d" ? 8 : 7 }))).id);
      }
      const id = (name: string): string => ids.get(name) ?? "";
      const order = async (): Promise<string> =>
        (await store.listQueue()).pending.map((job) => job.promptId).join("");
      await store.move(id("d"), { before: id("b") });
      assert.equal(await order(), "adbc");
      for (let round = 0; round < 80; round += 1) {
        await store.move(id("c"), { after: id("a") });
        assert.equal(await order(), "acdb");
        await store.move(id("d"), { after: id("a") });
        assert.equal(await order(), "adcb");
      }
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

    check("waiting jobs can be moved", async (store) => {
      const ids = new Map<string, string>();
      for (const name of ["a", "b", "c", "d"]) ids.set(name, (await store.accept(newJob(name))).id);
      const id = (name: string): string => ids.get(name) ?? "";
      const order = async (): Promise<string> =>
        (await store.listQueue()).pending.map((job) => job.promptId).join("");
      assert.equal(await store.move(id("d"), { front: true }), true);
      assert.equal(await order(), "dabc");
      await store.move(id("a"), { after: id("b") });
      assert.equal(await order(), "dbac");
      await store.move(id("c"), { before: id("b") });
      assert.equal(await order(), "dcba");
      await store.move(id("d"), { after: id("a") });
      assert.equal(await order(), "cbad");
      await store.move(id("b"), { number: -50 });
      assert.equal(await order(), "bcad");
      assert.equal(await store.move(id("b"), { before: "999" }), false);
      await store.claim("w", LEASE);
      assert.equal(await store.move(id("b"), { front: true }), false, "it runs");
    });

    check("an event says whose job it is about, and numbers may be made to go on", async (store) => {
      await store.accept(newJob("a", { owner: "o" }));
      await store.addEvent({ type: "system.startup", data: {} });
      await store.continueEventsAfter(40);
      await store.cancel(["a"]);
      assert.deepEqual(
        (await store.events(0, 10)).map(({ seq, owner }) => [seq, owner]),
        [
          [1, "o"],
          [2, undefined],
          [41, "o"],
        ],
      );
    });

    check("events of other things stand in the same log", async (store) => {
      await store.accept(newJob("a"));
      await store.addEvent({
        type: "system.updated",
        data: { n: 1 },
        severity: "success",
        message: "Updated",
      });
      await store.addEvent({ type: "system.startup", data: {} });
      const events = await store.latestEvents({ types: ["system.updated", "job.queued"], limit: 10 });
      assert.deepEqual(
        events.map(({ type, severity, message, data }) => [type, severity, message, data]),
        [
          ["job.queued", undefined, undefined, '{"prompt_id":"a"}'],
          ["system.updated", "success", "Updated", '{"n":1}'],
        ],
      );
      assert.equal((await store.latestEvents({ limit: 1 }))[0]?.type, "system.startup");
    });

    check(
      "who listens hears of every change, when it can be read, until it stops listening",
      async (store) => {
        const heard: Promise<number>[] = [];
        const stop = store.onChange(() => {
          heard.push(store.counts().then(({ pending }) => pending));
        });
        await store.accept(newJob("a"));
        await store.addEvent({ type: "system.startup", data: {} });
        stop();
        await store.accept(newJob("b"));
        assert.deepEqual(await Promise.all(heard), [1, 1]);
      },
    );

    check("documents are kept by collection and key", async (store, under) => {
      const { documents } = store;
      await documents.put("settings", "b", "1");
      await documents.put("settings", "a", "2");
      await documents.put("other", "a", "3");
      assert.equal(await documents.add("settings", "a", "4"), false);
      assert.equal(await documents.add("settings", "c", "5"), true);
      const again = (await under.reopen()).documents;
      assert.deepEqual(
        (await again.list("settings")).map(({ key, text }) => [key, text]),
        [
          ["a", "2"],
          ["b", "1"],
          ["c", "5"],
        ],
      );
      assert.equal((await again.get("other", "a"))?.text, "3");
      assert.equal(await again.remove("other", "a"), true);
      assert.equal(await again.remove("other", "a"), false);
      assert.equal(await again.get("other", "a"), undefined);
    });

    check("the version grows with every change, and with nothing else", async (store) => {
      const before = store.version;
      await store.listQueue();
      assert.equal(store.version, before);
      await store.accept(newJob("a"));
      assert.ok(store.version > before);
    });

    check("node classes are kept by key", async (store, under) => {
      await store.saveNodes("native", "[1]");
      await store.saveNodes("native", "[2]");
      const again = await under.reopen();
      assert.equal(await again.loadNodes("native"), "[2]");
      assert.equal(await again.loadNodes("other"), undefined);
    });
  });
}
