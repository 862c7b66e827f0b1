import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "@hearth/jobs";
import { sha256 } from "../http/studio/models-test-support.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { ModelHashes } from "./hashes.ts";
import { OnDemandThread } from "./on-demand-thread.ts";

const MODULE = new URL("./hash-thread.ts", import.meta.url);

test("the thread is there while it is needed, and comes back", async (t) => {
  const { base } = temporaryFolders(t);
  const file = path.join(base, "f");
  writeFileSync(file, "content");
  const thread = new OnDemandThread(MODULE, { idleMs: 1 });
  t.after(() => thread.close());
  assert.equal(thread.isRunning, false);
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(await thread.call("sha256", file), { sha256: sha256("content") });
    while (thread.isRunning) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(await thread.call("sha256", path.join(base, "none")), { problem: "ENOENT" });
  await assert.rejects(thread.call("unknown"), /no method unknown/);
  await thread.close();
  await assert.rejects(thread.call("sha256", file), /is closed/);
});

test("a hash is kept for as long as the file is as it was", async (t) => {
  const { base, studio } = temporaryFolders(t);
  const store = await openSqliteStore(path.join(studio, "test.db"));
  const hashes = new ModelHashes(store.documents);
  t.after(async () => {
    await hashes.close();
    await store.close();
  });
  const file = path.join(base, "f");
  writeFileSync(file, "one");
  assert.equal(await hashes.of(file), sha256("one"));
  const kept = await store.documents.get("model-hashes", file);
  assert.equal(await hashes.of(file), sha256("one"));
  assert.deepEqual(await store.documents.get("model-hashes", file), kept, "it was not computed again");
  writeFileSync(file, "other");
  assert.equal(await hashes.of(file), sha256("other"));
  assert.equal((await hashes.allKnown()).get(file), sha256("other"));
  await hashes.forget(file);
  assert.equal((await hashes.allKnown()).size, 0);
  await assert.rejects(hashes.of(path.join(base, "none")), { code: "ENOENT" });
});
