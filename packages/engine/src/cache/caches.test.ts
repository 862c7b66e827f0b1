import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { any, node, nodeClass, recorder } from "../test-nodes.ts";
import { byteSize } from "./memory.ts";
import { RamCache } from "./ram.ts";
import type { CacheKey, CacheMode, NodeResult } from "./result-cache.ts";

const MB = 1024 * 1024;

function prompt(value: number): Record<string, JsonObject> {
  return {
    "1": node("Value", { value }),
    "2": node("Copy", { value: ["1", 0] }),
    "3": node("Show", { value: ["2", 0] }),
  };
}

/** Runs A, B, A and gives what `execution_cached` named in the third run. */
async function cachedInThird(cache: CacheMode, availableMemory?: () => number): Promise<string> {
  const { run, said } = recorder([], cache, availableMemory === undefined ? {} : { availableMemory });
  for (const value of [1, 2, 1]) {
    said();
    await run(prompt(value));
  }
  return said()[1] ?? "";
}

test("which of A, B, A is cached in each mode", async () => {
  assert.equal(await cachedInThird({ kind: "classic" }), "cached ");
  assert.equal(await cachedInThird({ kind: "none" }), "cached ");
  assert.equal(await cachedInThird({ kind: "lru", size: 100 }), "cached 1,2,3");
  assert.equal(await cachedInThird({ kind: "lru", size: 1 }), "cached ");
  const ram = { kind: "ram", activeBytes: 0, inactiveBytes: 100 * MB } as const;
  assert.equal(await cachedInThird(ram, () => 200 * MB), "cached 1,2,3");
  assert.equal(await cachedInThird(ram, () => 50 * MB), "cached ");
  assert.equal(
    await cachedInThird({ kind: "ram", activeBytes: 0, inactiveBytes: 128 * 1024 * MB }),
    "cached ",
  );
});

test("the same prompt again is cached in all modes but none, also with the smallest bound", async () => {
  const modes: [CacheMode, string][] = [
    [{ kind: "classic" }, "cached 1,2,3"],
    [{ kind: "lru", size: 1 }, "cached 1,2,3"],
    [{ kind: "ram", activeBytes: 0, inactiveBytes: 128 * 1024 * MB }, "cached 1,2,3"],
    [{ kind: "none" }, "cached "],
  ];
  for (const [mode, expected] of modes) {
    const { run, said } = recorder([], mode);
    await run(prompt(1));
    said();
    await run(prompt(1));
    assert.equal(said()[1], expected, mode.kind);
  }
});

test("a fingerprint that changes, is NaN or throws makes a node run again, with what depends on it", async () => {
  let token: () => number = () => 1;
  const watched = nodeClass("Watched", {
    required: { value: any },
    fingerprint: () => token(),
    execute: () => [1],
  });
  const { run, said } = recorder([watched]);
  const graph = {
    "1": node("Value", { value: 1 }),
    "2": node("Watched", { value: ["1", 0] }),
    "3": node("Show", { value: ["2", 0] }),
  };
  const cached = async (): Promise<string> => {
    said();
    await run(graph);
    return said()[1] ?? "";
  };
  await cached();
  assert.equal(await cached(), "cached 1,2,3");
  token = () => 2;
  assert.equal(await cached(), "cached 1");
  token = () => Number.NaN;
  await cached();
  assert.equal(await cached(), "cached 1");
  token = () => {
    throw new Error("no");
  };
  assert.equal(await cached(), "cached 1");
});

test("freeing memory drops all results", async () => {
  const { run, said, engine } = recorder();
  await run(prompt(1));
  engine.free({ unloadModels: false, freeMemory: true });
  said();
  await run(prompt(1));
  assert.equal(said()[1], "cached ");
});

test("without a cache a value with two consumers is made once", async () => {
  let calls = 0;
  const once = nodeClass("Once", { execute: () => [(calls += 1)] });
  const { run } = recorder([once], { kind: "none" });
  await run({
    "1": node("Once"),
    "2": node("Copy", { value: ["1", 0] }),
    "3": node("Sum", { x: ["1", 0], y: ["2", 0] }),
    "4": node("Show", { value: ["3", 0] }),
  });
  assert.equal(calls, 1);
});

const keyOf = (signature: string): CacheKey => ({ scope: "", signature });
function resultOf(megabytes: number): NodeResult {
  return { outputs: [[{ data: new Float32Array((megabytes * MB) / 4), shape: [] }]], ui: undefined };
}

test("the RAM cache gives up the largest results of other prompts first, and no more than it must", () => {
  let available = 100 * MB;
  const cache = new RamCache({ activeBytes: 0, inactiveBytes: 100 * MB }, () => available, 1000 * MB);
  cache.enter("", new Set(["a", "b", "c"]));
  for (const [name, size] of [
    ["a", 4],
    ["b", 16],
    ["c", 8],
  ] as const)
    cache.set(keyOf(name), resultOf(size));
  cache.enter("", new Set(["d"]));
  cache.set(keyOf("d"), resultOf(32));
  cache.afterNode();
  assert.ok(cache.get(keyOf("b")), "enough memory: nothing goes");

  cache.enter("", new Set(["d"]));
  available = 80 * MB;
  cache.afterNode();
  assert.deepEqual(
    ["a", "b", "c", "d"].map((name) => cache.get(keyOf(name)) !== undefined),
    [true, false, false, true],
  );
});

test("below the active threshold even the current prompt's results go, the large ones first", () => {
  let available = 100 * MB;
  const cache = new RamCache({ activeBytes: 50 * MB, inactiveBytes: 0 }, () => available, 1000 * MB);
  cache.enter("", new Set(["a", "b"]));
  cache.set(keyOf("a"), resultOf(2));
  cache.set(keyOf("b"), resultOf(40));
  cache.afterNode();
  assert.ok(cache.get(keyOf("a")));
  available = 20 * MB;
  cache.afterNode();
  assert.equal(cache.get(keyOf("b")), undefined);
  assert.ok(cache.get(keyOf("a")));
});

test("the size of a value counts each buffer once", () => {
  const data = new Float32Array(256);
  const shared = new Float32Array(new SharedArrayBuffer(400));
  assert.equal(
    byteSize([{ samples: { data }, again: data.subarray(3) }, new Map([[1, shared]])]),
    1024 + 400,
  );
});
