import assert from "node:assert/strict";
import { test } from "node:test";
import { Settings } from "../../system/settings.ts";
import { detail, json, startSystem } from "./system-test-server.ts";

test("S-100 the default is MAX_CONCURRENT_DOWNLOADS, else 3", async (t) => {
  const plain = await startSystem(t);
  assert.deepEqual(json(await plain.ask("GET", "/api/admin/settings")), { max_concurrent: 3 });
  const given = await startSystem(t, { env: { MAX_CONCURRENT_DOWNLOADS: "7" } });
  assert.deepEqual(json(await given.ask("GET", "/api/admin/settings")), { max_concurrent: 7 });
  const broken = await startSystem(t, { env: { MAX_CONCURRENT_DOWNLOADS: "many" } });
  assert.deepEqual(json(await broken.ask("GET", "/api/admin/settings")), { max_concurrent: 3 });
});

test("S-101 a number is held to 1 to 10, kept, and told to who listens", async (t) => {
  const { ask, parts, store } = await startSystem(t);
  const heard: number[] = [];
  parts.settings.onChange(() => heard.push(parts.settings.maxConcurrent));
  for (const [given, taken] of [
    [5, 5],
    [0, 1],
    [-4, 1],
    [99, 10],
    [4.0, 4],
  ]) {
    const answer = await ask("PUT", "/api/admin/settings", { max_concurrent: given });
    assert.deepEqual(json(answer), { max_concurrent: taken });
  }
  assert.deepEqual(heard, [5, 1, 1, 10, 4]);
  for (const body of [undefined, {}, { other: true }]) {
    assert.deepEqual(json(await ask("PUT", "/api/admin/settings", body)), { max_concurrent: 4 });
  }
  assert.equal((await Settings.open(store.documents, "9")).maxConcurrent, 4);
});

test("S-101 what is no whole number is refused by name", async (t) => {
  const { ask } = await startSystem(t);
  for (const wrong of [true, "5", 2.5, null, [3]]) {
    const answer = await ask("PUT", "/api/admin/settings", { max_concurrent: wrong });
    assert.equal(answer.status, 422, String(wrong));
    assert.match(detail(answer), /^max_concurrent /);
  }
  assert.deepEqual(json(await ask("GET", "/api/admin/settings")), { max_concurrent: 3 });
});

test("S-101 a number that only exact integers can hold is held to 10 too", async (t) => {
  const { ask } = await startSystem(t);
  assert.deepEqual(json(await ask("PUT", "/api/admin/settings", { max_concurrent: 2 ** 60 })), {
    max_concurrent: 10,
  });
});
