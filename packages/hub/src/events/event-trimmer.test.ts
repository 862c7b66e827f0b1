import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { EventFile, openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import { EventTrimmer } from "./event-trimmer.ts";

test("events that the file has leave the table, and those that it has not stay", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-trim-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  const file = await EventFile.open(path.join(folder, "events.jsonl"), store);
  const trimmer = new EventTrimmer({ store, file, log: pino({ enabled: false }), keep: 5, everyMs: 10 });
  t.after(async () => {
    trimmer.stop();
    await file.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  const add = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => store.addEvent({ type: "system.startup", data: {} })));
  const firstIs = async (seq: number): Promise<void> => {
    while ((await store.events(0, 1))[0]?.seq !== seq)
      await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await add(20);
  await file.append();
  await add(20);
  // Also the text search has to have seen them, which follows by itself.
  await firstIs(21);
  await file.append();
  await firstIs(36);
  assert.equal((await store.events(0, 100)).length, 5);
});
