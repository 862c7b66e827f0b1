import assert from "node:assert/strict";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { DiskSync } from "./disk-sync.ts";

test("waits that are asked for while one goes on share the next one", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-sync-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "log");
  await writeFile(file, "");
  const disk = await DiskSync.open(file);
  await appendFile(file, "one");
  const first = disk.written();
  const second = disk.written();
  const third = disk.written();
  assert.notEqual(second, first, "the wait in progress may not cover the last write");
  assert.equal(third, second);
  await Promise.all([first, second, third]);
  assert.notEqual(disk.written(), third, "a later write needs a wait of its own");
  await disk.close();
});

test("there is no waiting for a file that is not there", async () => {
  await assert.rejects(DiskSync.open(path.join(os.tmpdir(), "hearth-sync-absent", "log")), /ENOENT/);
});
