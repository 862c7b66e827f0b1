import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerCache } from "./answer-cache.ts";

test("an answer is made once for each key and version", async () => {
  const cache = new AnswerCache();
  let made = 0;
  const ask = async (version: number, key: string): Promise<string> =>
    String(await cache.text(version, key, async () => `${key}${++made}`));
  assert.equal(await ask(1, "a"), "a1");
  assert.equal(await ask(1, "a"), "a1");
  assert.equal(await ask(1, "b"), "b2");
  assert.equal(await ask(2, "a"), "a3");
});

test("what was made for an older version is not kept for a newer one", async () => {
  const cache = new AnswerCache();
  const slow = Promise.withResolvers<string>();
  const old = cache.text(1, "a", () => slow.promise);
  await cache.text(2, "b", async () => "b");
  slow.resolve("old");
  assert.equal(String(await old), "old");
  assert.equal(String(await cache.text(2, "a", async () => "new")), "new");
});

test("an answer that is too large is given, and not kept", async () => {
  const cache = new AnswerCache();
  const huge = "x".repeat(65 * 1024 * 1024);
  assert.equal((await cache.text(1, "a", async () => huge)).length, huge.length);
  assert.equal(String(await cache.text(1, "a", async () => "again")), "again");
});
