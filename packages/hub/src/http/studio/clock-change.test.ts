import assert from "node:assert/strict";
import { test } from "node:test";
import { finished, jobsFixture, newJob } from "./jobs-fixture.ts";

test("S-5 in the hour that comes twice, order and duration follow the true time", async (t) => {
  const { ask, store } = await jobsFixture(t, { idle: true });
  const early = Date.UTC(2026, 9, 25, 0, 50);
  const late = Date.UTC(2026, 9, 25, 1, 10);
  for (const [id, createdAt] of [
    ["early", early],
    ["late", late],
  ] as const) {
    const job = await store.accept(newJob(id, { createdAt }));
    await store.claim("w", { leaseMs: 1_000 });
    await store.finish(job.id, 1, finished({ startedAt: early, endedAt: late }));
  }
  const { body } = await ask("GET", "/api/admin/history");
  assert.deepEqual(
    body.map((record: any) => [
      record.prompt_id,
      record.queued_at,
      record.started_at,
      record.finished_at,
      record.duration,
    ]),
    [
      ["late", "2026-10-25T02:10:00", "2026-10-25T02:50:00", "2026-10-25T02:10:00", 1200],
      ["early", "2026-10-25T02:50:00", "2026-10-25T02:50:00", "2026-10-25T02:10:00", 1200],
    ],
  );
});

test("S-6 S-7 unknown fields and parameters are ignored; a wrong path is 404 and a wrong method 405, as JSON", async (t) => {
  const { ask } = await jobsFixture(t);
  assert.equal((await ask("GET", "/api/admin/history?unknown=1")).status, 200);
  assert.equal((await ask("POST", "/api/admin/history/delete", { prompt_ids: [], more: 1 })).status, 200);
  assert.deepEqual((await ask("GET", "/api/admin/nothing")).body, { detail: "Not Found" });
  const wrong = await ask("DELETE", "/api/admin/history");
  assert.deepEqual([wrong.status, wrong.body], [405, { detail: "Method Not Allowed" }]);
});
