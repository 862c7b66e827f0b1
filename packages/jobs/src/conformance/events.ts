/** What is promised of events, documents and the version. */
import assert from "node:assert/strict";
import { type Check, newJob, runNext } from "./support.ts";

export function eventsPromises(check: Check): void {
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
    "old events go when they are copied and searched; the numbers of later ones go on",
    async (store, under) => {
      // More than one transaction removes.
      await Promise.all(
        Array.from({ length: 1_200 }, () => store.addEvent({ type: "system.startup", data: {} })),
      );
      await store.accept(newJob("a"));
      await runNext(store);
      const first = async (): Promise<number | undefined> => (await store.events(0, 1))[0]?.seq;
      // A search sees all that happened before it.
      await store.listRecords({ order: "newest", text: "nothing", limit: 1 });
      const version = store.version;
      assert.equal(await store.trimEvents({ keep: 1_203, upTo: 1_203 }), 0);
      assert.equal(await store.trimEvents({ keep: 100, upTo: 3 }), 3);
      assert.equal(await first(), 4);
      assert.equal(await store.trimEvents({ keep: 100, upTo: 1_203 }), 1_100);
      assert.equal(await first(), 1_104);
      assert.equal((await store.events(0, 1_000)).length, 100);
      assert.equal(await store.trimEvents({ keep: 0, upTo: 1_203 }), 100);
      assert.equal(store.version, version, "nothing that answers are made of has changed");
      const again = await under.reopen();
      await again.addEvent({ type: "system.startup", data: {} });
      assert.equal((await again.latestEvents({ limit: 1 }))[0]?.seq, 1_204);
    },
  );

  check("an event that the text search has not seen stays", async (store) => {
    await store.accept(newJob("a", { details: '{"text": "lighthouse"}' }));
    await runNext(store);
    await store.trimEvents({ keep: 0, upTo: 1_000 });
    const found = await store.listRecords({ order: "newest", text: "lighthouse" });
    assert.deepEqual(
      found.jobs.map((job) => job.promptId),
      ["a"],
    );
    assert.equal(await store.trimEvents({ keep: 0, upTo: 1_000 }), 3);
  });

  check("who listens hears of every change, when it can be read, until it stops listening", async (store) => {
    const heard: Promise<number>[] = [];
    const stop = store.onChange(() => {
      heard.push(store.counts().then(({ pending }) => pending));
    });
    await store.accept(newJob("a"));
    await store.addEvent({ type: "system.startup", data: {} });
    stop();
    await store.accept(newJob("b"));
    assert.deepEqual(await Promise.all(heard), [1, 1]);
  });

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
}
