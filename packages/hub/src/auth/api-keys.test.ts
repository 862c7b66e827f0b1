import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import { ApiKeys } from "./api-keys.ts";
import { may, sees } from "./identity.ts";

async function store(t: TestContext): Promise<JobStore> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-keys-"));
  const opened = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await opened.close();
    rmSync(folder, { recursive: true });
  });
  return opened;
}

test("a key is known by its text, also after a restart, until it is revoked", async (t) => {
  const { documents } = await store(t);
  const keys = await ApiKeys.open(documents);
  const { key, text } = await keys.create("phone", ["run"]);
  const again = await ApiKeys.open(documents);
  for (const known of [keys, again]) {
    assert.deepEqual(known.find(text), {
      owner: `key:${key.id}`,
      name: "phone",
      scopes: ["run"],
      keyId: key.id,
    });
  }
  assert.equal(await again.revoke(key.id), true);
  assert.equal(again.find(text), undefined);
  assert.equal(await again.revoke(key.id), false);
});

test("what is kept does not tell the secret", async (t) => {
  const { documents } = await store(t);
  const { text } = await (await ApiKeys.open(documents)).create("phone", ["read"]);
  const secret = text.slice("hearth_".length + 12 + 1);
  const [kept] = await documents.list("api_keys");
  assert.ok(secret.length >= 32);
  assert.ok(!kept?.text.includes(secret));
});

test("wrong, shortened and foreign texts are nobody's", async (t) => {
  const keys = await ApiKeys.open((await store(t)).documents);
  const { key, text } = await keys.create("phone", ["read"]);
  for (const wrong of [
    "",
    text.slice(0, -1),
    `${text}x`,
    `hearth_${key.id}_${"A".repeat(32)}`,
    key.id,
    "é",
  ]) {
    assert.equal(keys.find(wrong), undefined, wrong);
  }
});

test("a wider scope includes the narrower ones, and only admin sees everybody's jobs", () => {
  assert.equal(may({ scopes: ["admin"] }, "read"), true);
  assert.equal(may({ scopes: ["run"] }, "read"), true);
  assert.equal(may({ scopes: ["read"] }, "run"), false);
  assert.equal(may({ scopes: ["run"] }, "admin"), false);
  assert.equal(sees({ owner: "key:1", name: "a", scopes: ["run"] }), "key:1");
  assert.equal(sees({ owner: "key:1", name: "a", scopes: ["admin"] }), undefined);
});
