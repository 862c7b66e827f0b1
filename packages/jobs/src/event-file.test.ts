import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { newJob } from "./conformance/index.ts";
import { EventFile } from "./event-file.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import type { JobEvent } from "./event.ts";
import type { JobStore } from "./store.ts";

const print = ({ type }: JobEvent): object => ({ id: "evt_x", type });

interface Fixture {
  readonly folder: string;
  readonly file: string;
  readonly store: JobStore;
  /** the sequence numbers in the file */
  readonly numbers: () => Promise<number[]>;
}

async function fixture(t: TestContext): Promise<Fixture> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-events-"));
  const file = path.join(folder, "studio", "events.jsonl");
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const numbers = async (): Promise<number[]> =>
    (await readFile(file, "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
  return { folder, file, store, numbers };
}

test("S-16 the file has every event once, one line each, also after a crash in the middle of a line", async (t) => {
  const { file, store, numbers } = await fixture(t);
  await store.accept(newJob("a"));
  const first = await EventFile.open(file, store, { print });
  await store.accept(newJob("b"));
  await Promise.all([first.append(), first.append()]);
  assert.deepEqual(await numbers(), [1, 2]);
  assert.equal((await readFile(file, "utf8")).split("\n")[0], '{"id":"evt_x","type":"job.queued","seq":1}');
  await first.close();

  await appendFile(file, '{"seq": 3, "ti');
  await store.accept(newJob("c"));
  const second = await EventFile.open(file, store, { print });
  assert.deepEqual(await numbers(), [1, 2, 3]);
  await second.close();
});

test("S-17 beyond its size the file keeps the newest 1000 entries, and nothing else lies beside it", async (t) => {
  const { file, store, numbers } = await fixture(t);
  const events = await EventFile.open(file, store, { print, rotateBytes: 60_000 });
  for (let index = 0; index < 2_500; index += 1) void store.addEvent({ type: `test.${index}`, data: {} });
  await store.addEvent({ type: "test.last", data: {} });
  await events.append();
  const kept = await numbers();
  assert.ok(kept.length >= 1_000 && kept.length < 2_000, `${kept.length} entries`);
  assert.equal(kept.at(-1), 2_501);
  assert.ok(
    kept.every((seq, index) => index === 0 || seq === (kept[index - 1] ?? 0) + 1),
    "without a gap",
  );
  assert.deepEqual(await readdir(path.dirname(file)), ["events.jsonl"]);
  await events.append();
  assert.deepEqual(await numbers(), kept);
  await events.close();
});

test("S-18 entries so long that 1000 of them are too many bytes do not rewrite the file each time", async (t) => {
  const { file, store } = await fixture(t);
  const long = "x".repeat(200);
  const events = await EventFile.open(file, store, { print: () => ({ long }), rotateBytes: 50_000 });
  for (let index = 0; index < 1_200; index += 1) void store.addEvent({ type: "test.long", data: {} });
  await store.addEvent({ type: "test.long", data: {} });
  await events.append();
  const before = (await readFile(file)).length;
  await store.addEvent({ type: "test.long", data: {} });
  await events.append();
  const after = (await readFile(file)).length;
  assert.ok(before > 50_000, "too big already");
  assert.ok(after > before, "and it only grew");
  await events.close();
});

test("S-19 a corrupt line is skipped, and the rest is kept; a missing file is fine", async (t) => {
  const { file, store, numbers } = await fixture(t);
  for (const id of ["a", "b", "c"]) await store.accept(newJob(id));
  const first = await EventFile.open(file, store, { print });
  assert.deepEqual(first.found, []);
  assert.deepEqual(await numbers(), [1, 2, 3]);
  await first.close();
  const [one, , three] = (await readFile(file, "utf8")).split("\n");
  await writeFile(file, `${one}\n{"id": "evt_y", "ty\u0000\n[]\n${three}\n`);
  const second = await EventFile.open(file, store, { print });
  assert.deepEqual(
    second.found.map((line) => line["seq"]),
    [1, 3],
  );
  await second.close();
});

test("a database that was lost goes on after the numbers of the file", async (t) => {
  const { folder, file, store, numbers } = await fixture(t);
  for (const id of ["a", "b"]) await store.accept(newJob(id));
  await (await EventFile.open(file, store, { print })).close();
  const other = await openSqliteStore(path.join(folder, "other.db"));
  const events = await EventFile.open(file, other, { print });
  await other.accept(newJob("c"));
  await events.append();
  assert.deepEqual(await numbers(), [1, 2, 3]);
  await events.close();
  await other.close();
});
