import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { type JobEvent, type JobStore, openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import { EventFollower, promptIdOf } from "./event-follower.ts";

async function openStore(t: TestContext): Promise<JobStore> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-follow-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "in time");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test("every event after the beginning is told once, in order, however many come at a time", async (t) => {
  const store = await openStore(t);
  await store.addEvent({ type: "before", data: {} });
  const follower = new EventFollower(store, pino({ level: "silent" }));
  const heard: JobEvent[] = [];
  const end = await follower.follow((events) => heard.push(...events));
  await Promise.all(Array.from({ length: 1200 }, (_, n) => store.addEvent({ type: "now", data: { n } })));
  await until(() => heard.length >= 1200);
  assert.deepEqual(
    heard.map(({ data }) => (JSON.parse(data) as { n: number }).n),
    Array.from({ length: 1200 }, (_, n) => n),
  );
  end();
  await store.addEvent({ type: "after", data: {} });
  const again: JobEvent[] = [];
  const endAgain = await follower.follow((events) => again.push(...events));
  await store.addEvent({ type: "later", data: {} });
  await until(() => again.length > 0);
  assert.deepEqual(
    again.map(({ type }) => type),
    ["later"],
  );
  assert.equal(heard.length, 1200);
  endAgain();
});

test("events of jobs say which prompt they are about", () => {
  const event = { seq: 1, time: 0, jobId: "1", owner: undefined, severity: undefined, message: undefined };
  assert.equal(promptIdOf({ ...event, type: "job.queued", data: '{"prompt_id":"a"}' }), "a");
  assert.equal(promptIdOf({ ...event, type: "system.started", data: '{"prompt_id":"a"}' }), undefined);
});
