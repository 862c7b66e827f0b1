import assert from "node:assert/strict";
import { test } from "node:test";
import { randomSeed, Seeds } from "./seeds.ts";

test("-1 becomes a random number once, and is noted", () => {
  let drawn = 100;
  const seeds = new Seeds({}, () => (drawn += 1));
  assert.equal(seeds.resolve("seed", -1), 101);
  assert.equal(seeds.resolve("seed", -1), 101);
  assert.equal(seeds.resolve("other", 7), 7);
  assert.equal(seeds.stepped("batch_1", 101, 0), 101);
  assert.equal(seeds.stepped("batch_2", 101, 1), 102);
  assert.deepEqual(seeds.used, { seed: 101, other: 7, batch_1: 101, batch_2: 102 });
});

test("seeds of an earlier run win, also over fixed ones", () => {
  const seeds = new Seeds({ seed: 5, batch_2: 77 }, () => 1);
  assert.equal(seeds.resolve("seed", -1), 5);
  assert.equal(seeds.stepped("batch_1", 5, 0), 5);
  assert.equal(seeds.stepped("batch_2", 5, 1), 77);
});

test("steps beyond the largest seed begin at 0 again, and large seeds stay exact", () => {
  const seeds = new Seeds();
  assert.equal(seeds.stepped("batch_1", 2n ** 64n - 1n, 1), 0);
  assert.equal(seeds.stepped("batch_2", 2n ** 63n, 1), 2n ** 63n + 1n);
});

test("S-44 random seeds are whole numbers below 2^53", () => {
  const drawn = Array.from({ length: 2000 }, randomSeed);
  assert.ok(drawn.every((seed) => Number.isSafeInteger(seed) && seed >= 0));
  assert.ok(Math.max(...drawn) > 2 ** 52 && Math.min(...drawn) < 2 ** 45);
  assert.equal(new Set(drawn).size, drawn.length);
});
