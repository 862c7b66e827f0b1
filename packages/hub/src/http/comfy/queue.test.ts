import assert from "node:assert/strict";
import { test } from "node:test";
import { heapOrder, idList } from "./queue.ts";

function job(id: number, number: string, promptId = `p${id}`) {
  return { id: String(id), promptId, number, prompt: "{}", extraData: "{}", outputsToExecute: [] };
}

test("pending jobs are listed as a heap: the next first, then as they were pushed", () => {
  const numbers = (jobs: ReturnType<typeof job>[]): string[] => heapOrder(jobs).map((entry) => entry.number);
  assert.deepEqual(numbers([job(1, "20.0"), job(2, "30.0"), job(3, "10.0")]), ["10.0", "30.0", "20.0"]);
  assert.deepEqual(
    heapOrder([job(1, "1", "b"), job(2, "1", "a")]).map((entry) => entry.promptId),
    ["a", "b"],
  );
});

test("a delete list may be a text, which counts as its characters", () => {
  assert.deepEqual(idList("ab"), ["a", "b"]);
  assert.deepEqual(idList(["x", 5, null]), ["x"]);
  assert.deepEqual(idList(undefined), []);
});
