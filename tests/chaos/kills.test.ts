import assert from "node:assert/strict";
import { test } from "node:test";
import { runKills } from "./kills.ts";

/** Seeds that ever failed stay here. */
const SEEDS = [1, 2];

for (const seed of SEEDS) {
  test(`kill -9 of hub, worker, starter and all, seed ${seed}`, async () => {
    const report = await runKills(seed, 12);
    assert.equal(report.completed + report.stalled, report.accepted);
    assert.ok(report.completed > 0, "most jobs come through");
  });
}
