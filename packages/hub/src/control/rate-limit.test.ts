import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimit } from "./rate-limit.ts";

test("C-33 who asks too often waits until its window is over; others do not", () => {
  const limit = new RateLimit(3, 10_000);
  assert.deepEqual(
    [1, 2, 3].map((now) => limit.take("a", now)),
    [0, 0, 0],
  );
  assert.equal(limit.take("a", 4), 10);
  assert.equal(limit.take("b", 5), 0);
  assert.equal(limit.take("a", 9_500), 1);
  assert.equal(limit.take("a", 10_001), 0, "a new window");
  assert.deepEqual(
    [1, 2, 3].map((step) => limit.take("a", 10_001 + step)),
    [0, 0, 10],
  );
});

test("without a limit everybody passes", () => {
  const limit = new RateLimit(0, 10);
  for (let index = 0; index < 10_000; index += 1) assert.equal(limit.take("a"), 0);
});
