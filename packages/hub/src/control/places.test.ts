import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type NewJob, openSqliteStore } from "@hearth/jobs";
import { QueuePlaces } from "./places.ts";

function job(promptId: string, front = false): NewJob {
  return {
    promptId,
    prompt: "{}",
    extraData: "{}",
    sensitive: undefined,
    outputsToExecute: [],
    number: undefined,
    front,
    clientId: undefined,
    owner: "anonymous",
    createdAt: 1,
    workflowId: undefined,
  };
}

test("C-14 running jobs are at 1, and those that wait are behind them in the order in which they will run", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-places-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const places = new QueuePlaces(store);
  const ids = new Map<string, string>();
  for (const name of ["a", "b", "c"]) ids.set(name, (await store.accept(job(name))).id);
  /** Places of a queue that changed a moment ago may be those of before. */
  const eventually = async (
    names: readonly string[],
    wanted: readonly (number | undefined)[],
  ): Promise<void> => {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const current = await places.current();
      const got = names.map((name) => current.get(ids.get(name) ?? ""));
      if (isDeepStrictEqual(got, wanted)) return;
      if (performance.now() > deadline) assert.deepEqual(got, wanted);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await eventually(["a", "b", "c"], [1, 2, 3]);
  await store.claim("w1", { leaseMs: 1000 });
  await eventually(["a", "b", "c"], [1, 2, 3]);
  await store.claim("w2", { leaseMs: 1000 });
  await eventually(["a", "b", "c"], [1, 1, 3]);
  ids.set("d", (await store.accept(job("d", true))).id);
  await eventually(["d", "c"], [3, 4]);
  await store.cancel(["d"]);
  await eventually(["d", "c"], [undefined, 3]);
});
