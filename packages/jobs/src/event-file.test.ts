import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { newJob } from "./conformance.ts";
import { EventFile } from "./event-file.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

test("the file has every event once, also after a crash in the middle of a line", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-events-"));
  const file = path.join(folder, "events.jsonl");
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  const sequence = async (): Promise<number[]> =>
    (await readFile(file, "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { seq: number }).seq);

  await store.accept(newJob("a"));
  const first = await EventFile.open(file, store);
  await store.accept(newJob("b"));
  await Promise.all([first.append(), first.append()]);
  assert.deepEqual(await sequence(), [1, 2]);
  await first.close();

  await appendFile(file, '{"seq": 3, "ti');
  await store.accept(newJob("c"));
  const second = await EventFile.open(file, store);
  assert.deepEqual(await sequence(), [1, 2, 3]);
  await second.close();
  await store.close();
  await rm(folder, { recursive: true });
});
