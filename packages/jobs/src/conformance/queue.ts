/** What is promised of jobs that wait and run. */
import assert from "node:assert/strict";
import { PromptIdInUseError } from "../errors.ts";
import { type Check, finished, LEASE, LOST, newJob, runNext } from "./support.ts";

export function queuePromises(check: Check): void {
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

  check("concurrent accepts each get their own number, and a refused one spoils no other", async (store) => {
    await store.accept(newJob("x"));
    const results = await Promise.allSettled([
      ...Array.from({ length: 50 }, (_, index) => store.accept(newJob(`p${index}`))),
      store.accept(newJob("x", { prompt: "{}" })),
    ]);
    assert.equal(results.filter((result) => result.status === "rejected").length, 1);
    const numbers = new Set((await store.listQueue()).pending.map((job) => job.number));
    assert.equal(numbers.size, 51);
  });

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
    assert.equal(await store.requeue(first.id, first.attempt, LOST), "queued");
    const second = await store.claim("w2", LEASE);
    assert.equal(second?.attempt, first.attempt + 1);
    assert.equal(await store.finish(first.id, first.attempt, finished()), false);
    assert.equal(await store.requeue(first.id, first.attempt, LOST), "late");
    assert.equal(await store.finish(second.id, second.attempt, finished()), true);
    assert.equal(await store.finish(second.id, second.attempt, finished()), false, "never twice");
  });

  check("a job that was running at two unclean stops is quarantined", async (store) => {
    await store.accept(newJob("a"));
    const first = await store.claim("w", LEASE);
    assert.ok(first);
    await store.requeue(first.id, first.attempt, LOST);
    const second = await store.claim("w", LEASE);
    assert.ok(second);
    assert.equal(await store.requeue(second.id, second.attempt, LOST), "failed");
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
    assert.equal(await third.requeue(job.id, job.attempt, LOST), "queued");
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
}
