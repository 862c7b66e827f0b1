import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "@hearth/jobs";
import { checkpoint, logStates } from "./databases.ts";

test("a checkpoint brings the log into the file while the hub goes on writing", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-databases-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, "hearth.db");
  const store = await openSqliteStore(file);
  t.after(() => store.close());
  await store.documents.put("things", "a", "1");
  const [before] = await logStates([file, path.join(folder, "absent.db")]);
  assert.equal(before?.name, "hearth.db");
  assert.ok(before.wal_bytes > 0);
  assert.equal(before.flushed, false);

  const writes = Array.from({ length: 50 }, (_, at) => store.documents.put("things", `b${at}`, "2"));
  await checkpoint([file, path.join(folder, "absent.db")]);
  await Promise.all(writes);
  assert.equal((await store.documents.list("things")).length, 51);

  await checkpoint([file]);
  assert.deepEqual(
    (await logStates([file])).map(({ wal_bytes, flushed }) => ({ wal_bytes, flushed })),
    [{ wal_bytes: 0, flushed: true }],
  );
  await store.documents.put("things", "c", "3");
  assert.equal((await store.documents.get("things", "c"))?.text, "3");
});
