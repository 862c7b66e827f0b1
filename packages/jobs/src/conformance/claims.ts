/** What is promised of claims that choose, and of attempts that end without a result. */
import assert from "node:assert/strict";
import type { Choose, QueueHead } from "../job.ts";
import type { JobStore } from "../store.ts";
import { type Check, finished, LEASE, LOST, newJob } from "./support.ts";

/** Claims without taking anything, and gives the heads that were shown: `owner: prompt ids`. */
async function shown(store: JobStore): Promise<string[]> {
  const seen: string[] = [];
  const look: Choose = (heads) => {
    seen.push(`${heads[0]?.owner}: ${heads.map(({ promptId }) => promptId).join(" ")}`);
    return undefined;
  };
  assert.equal(await store.claim("w", { ...LEASE, choose: look }), undefined);
  return seen;
}

const FAILED = { kind: "out_of_memory", text: "no memory was left", isStop: false };

export function claimsPromises(check: Check): void {
  check("heads are the first jobs of each group with the same needs, in their order", async (store) => {
    assert.deepEqual(await shown(store), []);
    for (const [id, needs] of [
      ["a1", "a"],
      ["a2", "a"],
      ["b1", "b"],
      ["none1", undefined],
      ["none2", undefined],
    ] as const) {
      await store.accept(newJob(id, { needs }));
    }
    assert.deepEqual(await shown(store), ["anonymous: a1 b1 none1"]);
    await store.accept(newJob("b0", { needs: "b", front: true }));
    assert.deepEqual(await shown(store), ["anonymous: b0 a1 none1"]);
    await store.accept(newJob("b1½", { needs: "b" }));
    await store.accept(newJob("c1", { needs: "c" }));
    assert.deepEqual(await shown(store), ["anonymous: b0 a1 none1 c1"]);
    await store.cancel(["b0"]);
    assert.deepEqual(await shown(store), ["anonymous: a1 b1 none1 c1"]);
    const { id } = await store.getByPromptId("a2").then((job) => job ?? assert.fail());
    await store.move(id, { front: true });
    assert.deepEqual(await shown(store), ["anonymous: a2 b1 none1 c1"]);
  });

  check("heads of one number come in the order of their prompt ids, byte by byte", async (store) => {
    for (const id of ["\u{1F600}", "\uFFFD", "b", "a"])
      await store.accept(newJob(id, { number: 7, needs: id }));
    assert.deepEqual(await shown(store), ["anonymous: a b \uFFFD \u{1F600}"]);
    assert.equal((await store.claim("w", LEASE))?.promptId, "a");
  });

  check("owners come in turn, until a head of one is picked", async (store) => {
    for (const [id, owner, needs] of [
      ["a1", "a", "x"],
      ["a2", "a", "y"],
      ["b1", "b", "x"],
      ["b2", "b", "y"],
      ["c1", "c", "x"],
    ] as const) {
      await store.accept(newJob(id, { owner, needs }));
    }
    const withNeeds =
      (needs: string): Choose =>
      (heads) =>
        heads.find((head) => head.needs === needs);
    const claim = async (needs: string): Promise<string | undefined> =>
      (await store.claim("w", { ...LEASE, choose: withNeeds(needs) }))?.promptId;
    assert.deepEqual(await shown(store), ["a: a1 a2", "b: b1 b2", "c: c1"]);
    assert.equal(await claim("y"), "a2");
    assert.deepEqual(await shown(store), ["b: b1 b2", "c: c1", "a: a1"]);
    assert.equal(await claim("y"), "b2");
    assert.equal(await claim("y"), undefined, "nobody has such a job");
    assert.deepEqual(await shown(store), ["c: c1", "a: a1", "b: b1"]);
    await store.accept(newJob("d1", { owner: "d" }));
    assert.deepEqual(await shown(store), ["c: c1", "d: d1", "a: a1", "b: b1"], "never served");
    assert.equal((await store.claim("w", LEASE))?.promptId, "c1");
    assert.equal(await claim("x"), "a1");
    assert.deepEqual(await shown(store), ["d: d1", "b: b1"]);
  });

  check("turns outlive a restart", async (store, under) => {
    for (const [id, owner] of [
      ["a1", "a"],
      ["a2", "a"],
      ["b1", "b"],
    ] as const) {
      await store.accept(newJob(id, { owner }));
    }
    await store.claim("w", LEASE);
    assert.deepEqual(await shown(await under.reopen()), ["b: b1", "a: a2"]);
  });

  check("a head tells what is known of the job", async (store) => {
    await store.accept(newJob("a", { needs: "models", createdAt: 77, owner: "o" }));
    const job = await store.claim("w1", LEASE);
    assert.ok(job);
    assert.equal(job.needs, "models");
    await store.requeue(job.id, job.attempt, FAILED);
    let head: QueueHead | undefined;
    await store.claim("w2", {
      ...LEASE,
      choose: ([first]) => {
        head = first;
        return undefined;
      },
    });
    const { id, promptId, owner, needs, attempt, createdAt, retries } = head ?? assert.fail("none was shown");
    assert.deepEqual(
      { id, promptId, owner, needs, attempt, createdAt },
      { id: job.id, promptId: "a", owner: "o", needs: "models", attempt: 1, createdAt: 77 },
    );
    assert.deepEqual(
      retries.map((retry) => retry.kind),
      ["out_of_memory"],
    );
    assert.equal((await store.get(job.id))?.needs, "models");
  });

  check("why a worker was chosen is kept with the job and in its event", async (store) => {
    await store.accept(newJob("a"));
    await store.accept(newJob("b"));
    const because = "it has the model loaded";
    const choose: Choose = ([first]) => first && { id: first.id, because };
    const job = await store.claim("w1", { ...LEASE, choose });
    assert.ok(job);
    await store.claim("w2", LEASE);
    assert.equal((await store.get(job.id))?.because, because);
    assert.equal((await store.get(job.id))?.workerId, "w1");
    assert.deepEqual(
      (await store.latestEvents({ types: ["job.started"], limit: 9 })).map(({ data }) => JSON.parse(data)),
      [
        { prompt_id: "a", attempt: 1, worker: "w1", because },
        { prompt_id: "b", attempt: 1, worker: "w2" },
      ],
    );
    const { jobs } = await store.listJobs({ sortBy: "created_at", sortOrder: "asc", offset: 0 });
    assert.deepEqual(jobs.map((each) => [each.promptId, each.workerId, each.because]).sort(), [
      ["a", "w1", because],
      ["b", "w2", undefined],
    ]);
    await store.handBack(job.id, job.attempt);
    const waits = await store.get(job.id);
    assert.deepEqual([waits?.workerId, waits?.because], [undefined, undefined], "no worker has it");
  });

  check("a choice that throws, or names another job, changes nothing", async (store) => {
    const first = await store.accept(newJob("a", { owner: "a" }));
    const second = await store.accept(newJob("a2", { owner: "a" }));
    await store.accept(newJob("b", { owner: "b" }));
    const throws: Choose = () => {
      throw new Error("a bug");
    };
    const before = await store.events(0, 99);
    const neighbours = await Promise.allSettled([
      store.claim("w", { ...LEASE, choose: throws }),
      store.accept(newJob("c", { owner: "c" })),
      store.claim("w", { ...LEASE, choose: () => ({ id: second.id }) }),
    ]);
    assert.deepEqual(
      neighbours.map(({ status }) => status),
      ["rejected", "fulfilled", "rejected"],
    );
    await assert.rejects(store.claim("w", { ...LEASE, choose: throws }), /a bug/);
    assert.equal((await store.events(0, 99)).length, before.length + 1, "what was asked beside it happened");
    assert.deepEqual(await store.counts(), { pending: 4, running: 0 });
    assert.equal((await store.get(first.id))?.attempt, 0);
    assert.deepEqual(await shown(store), ["a: a", "b: b", "c: c"], "nobody had a turn");
  });

  check("what a reserved job needs may be known when it is queued", async (store) => {
    const ready = { prompt: "{}", extraData: "{}", outputsToExecute: ["1"] };
    const first = await store.reserve(newJob("first", { needs: "x" }));
    const second = await store.reserve(newJob("second", { needs: "x" }));
    assert.deepEqual(await shown(store), [], "neither is queued");
    await store.enqueue(first.id, ready);
    assert.deepEqual(await shown(store), ["anonymous: first"]);
    await store.enqueue(second.id, { ...ready, needs: "y" });
    assert.deepEqual(await shown(store), ["anonymous: first second"]);
    assert.deepEqual(
      [(await store.claim("w", LEASE))?.needs, (await store.claim("w", LEASE))?.needs],
      ["x", "y"],
    );
  });

  check(
    "attempts without a result are kept with the job, and blame it only where a worker died",
    async (store, under) => {
      const { id } = await store.accept(newJob("a"));
      const end = async (on: JobStore, why: typeof LOST): Promise<string> => {
        const job = await on.claim(`w${(await on.get(id))?.attempt}`, LEASE);
        assert.ok(job);
        return on.requeue(id, job.attempt, why);
      };
      const began = Date.now();
      for (let round = 0; round < 3; round += 1) assert.equal(await end(store, FAILED), "queued");
      assert.equal((await store.get(id))?.uncleanStops, 0);
      assert.equal(await end(store, LOST), "queued");
      const again = await under.reopen();
      const job = await again.claim("last", LEASE);
      assert.deepEqual(
        job?.retries.map(({ attempt, workerId, kind, text }) => [attempt, workerId, kind, text]),
        [
          [1, "w0", FAILED.kind, FAILED.text],
          [2, "w1", FAILED.kind, FAILED.text],
          [3, "w2", FAILED.kind, FAILED.text],
          [4, "w3", LOST.kind, LOST.text],
        ],
      );
      assert.ok(job.retries.every(({ at }) => at >= began && at <= Date.now()));
      const { data } = (await again.latestEvents({ types: ["job.requeued"], limit: 1 }))[0] ?? { data: "" };
      assert.deepEqual(JSON.parse(data), { prompt_id: "a", attempt: 4, kind: LOST.kind, reason: LOST.text });
      assert.equal(await again.requeue(id, job.attempt, LOST), "failed");
      assert.equal(await again.finish(id, job.attempt, finished({ state: "failed", error: "{}" })), true);
      const record = await again.recordByPromptId("a");
      assert.deepEqual([record?.quarantined, record?.retries.length, record?.workerId], [true, 4, "last"]);
    },
  );

  check(
    "after any changes of the queue, the heads are those that a store just opened finds",
    async (_, under) => {
      let store = await under.reopen();
      let seed = 7;
      const random = (below: number): number => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return Math.floor((seed / 2 ** 31) * below);
      };
      const running: { id: string; attempt: number }[] = [];
      const pick: Choose = (heads) => heads[random(heads.length + 1)];
      for (let step = 0; step < 400; step += 1) {
        const job = newJob(`p${random(60)}`, {
          owner: `o${random(3)}`,
          needs: [undefined, "x", "y"][random(3)],
          front: random(4) === 0,
          prompt: `"${random(2)}"`,
        });
        const { pending } = await store.listQueue();
        const waiting = pending[random(pending.length)]?.id ?? "0";
        const taken = running[random(running.length)];
        const change = [
          () =>
            Promise.allSettled([store.accept(job), store.accept(job), store.accept({ ...job, prompt: "2" })]),
          () => store.accept(job).catch(() => undefined),
          async () => {
            const claimed = await store.claim("w", random(3) === 0 ? LEASE : { ...LEASE, choose: pick });
            if (claimed !== undefined) running.push(claimed);
          },
          () => taken && store.finish(taken.id, taken.attempt, finished()),
          () => taken && store.requeue(taken.id, taken.attempt, random(2) === 0 ? FAILED : LOST),
          () => store.cancel([job.promptId]),
          () =>
            store.move(
              waiting,
              [{ front: true as const }, { number: random(9) }][random(2)] ?? assert.fail(),
            ),
          async () => {
            const reserved = await store.reserve(job).catch(() => undefined);
            if (reserved?.isNew)
              await store.enqueue(reserved.id, {
                prompt: "1",
                extraData: "{}",
                outputsToExecute: [],
                needs: "z",
              });
          },
        ][random(9) % 8];
        await change?.();
        if (step % 20 !== 19) continue;
        const kept = await shown(store);
        store = await under.reopen();
        assert.deepEqual(kept, await shown(store), `at step ${step}`);
      }
    },
  );
}
