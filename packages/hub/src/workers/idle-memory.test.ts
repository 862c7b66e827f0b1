import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkerLink } from "../link/worker-link.ts";
import { IdleMemory } from "./idle-memory.ts";
import type { Member } from "./member.ts";

test("a worker that has run something is told once, after it was idle for long enough", () => {
  const told: unknown[] = [];
  const link = { send: (message: unknown) => told.push(message) } as unknown as WorkerLink;
  const running = new Set<string>();
  let now = 0;
  let completed = 0;
  const memory = new IdleMemory({
    members: () => [{ link, running, completed, failed: 0 } as unknown as Member],
    afterMs: 1_000,
    now: () => now,
  });
  const at = (time: number): number => {
    now = time;
    memory.look();
    return told.length;
  };
  assert.equal(at(5_000), 0, "it has run nothing: there is nothing to free");
  completed = 1;
  assert.equal(at(5_500), 0, "a short one has run since the last look");
  assert.equal(at(6_499), 0);
  running.add("a");
  assert.equal(at(7_000), 0, "it runs");
  running.clear();
  assert.equal(at(7_500), 0);
  assert.equal(at(8_000), 1);
  assert.deepEqual(told, [{ type: "free", unloadModels: true, freeMemory: true }]);
  assert.equal(at(20_000), 1, "once");
  memory.stop();
});
