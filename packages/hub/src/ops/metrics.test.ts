import assert from "node:assert/strict";
import { test } from "node:test";
import { needsText } from "../workers/needs.ts";
import { nodeClass, testFleet } from "../workers/test-support.ts";
import { HubMetrics } from "./metrics.ts";

async function lines(metrics: HubMetrics): Promise<Map<string, number>> {
  const { text } = await metrics.read();
  return new Map(
    text
      .split("\n")
      .filter((line) => line.startsWith("hearth_"))
      .map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
  );
}

test("each worker has its figures, by its name, for as long as it is known", async (t) => {
  const { fleet, join } = await testFleet(t);
  const metrics = new HubMetrics({
    queue: { pending: 0, running: 1 },
    sockets: () => 0,
    workers: () => fleet.members,
  });
  const link = await join({ name: "gpu-1", engine: "comfyui" }, [nodeClass("EmptyImage")]);
  const idle = await join({ name: "gpu-2", engine: "comfyui" }, [nodeClass("EmptyImage")]);
  link.stats = { rssBytes: 1000, cpuSeconds: 2.5 };
  const needs = needsText({ classes: ["EmptyImage"], values: [], models: ["a.ckpt", "b.ckpt"], tags: [] });
  for (const [id, ok] of [
    ["a", true],
    ["b", true],
    ["c", false],
  ] as const) {
    fleet.jobStarted(link, id, needs);
    fleet.jobEnded(link, id, { ok });
  }
  fleet.jobStarted(link, "d", needs);
  fleet.canaryEnded("gpu-1", { isOk: true, at: 1, tookMs: 1 });
  fleet.canaryEnded("gpu-2", { isOk: false, at: 1, tookMs: 1 });
  fleet.stateChanged(idle, { isAvailable: false });
  // Twice: a scrape adds nothing to what the one before counted.
  await lines(metrics);
  const found = await lines(metrics);
  const of = (name: string, worker: string, more = ""): number | undefined =>
    found.get(`hearth_worker_${name}{worker="${worker}"${more}}`);
  assert.deepEqual([of("up", "gpu-1"), of("up", "gpu-2")], [1, 0]);
  assert.deepEqual([of("busy", "gpu-1"), of("busy", "gpu-2")], [1, 0]);
  assert.deepEqual([of("canary_ok", "gpu-1"), of("canary_ok", "gpu-2")], [1, 0]);
  assert.deepEqual([of("warm_models", "gpu-1"), of("warm_models", "gpu-2")], [2, 0]);
  assert.deepEqual(
    [of("resident_memory_bytes", "gpu-1"), of("resident_memory_bytes", "gpu-2")],
    [1000, undefined],
  );
  assert.equal(of("cpu_seconds", "gpu-1"), 2.5);
  assert.equal(of("jobs_ended_total", "gpu-1", ',state="completed"'), 2);
  assert.equal(of("jobs_ended_total", "gpu-1", ',state="failed"'), 1);
  assert.equal(found.get('hearth_workers{state="busy"}'), 1);
  assert.equal(found.get('hearth_workers{state="idle"}'), 1);

  fleet.lost(idle);
  assert.equal((await lines(metrics)).get('hearth_workers{state="idle"}'), 0);
  await fleet.forget("gpu-2");
  const rest = [...(await lines(metrics)).keys()];
  assert.deepEqual(
    rest.filter((line) => line.includes("gpu-2")),
    [],
  );
});

test("attempts that are followed by another are counted by their class of error", async () => {
  const metrics = new HubMetrics({
    queue: { pending: 0, running: 0 },
    sockets: () => 0,
    workers: () => [],
  });
  metrics.jobRetried("refused");
  metrics.jobRetried("refused");
  metrics.jobRetried("out-of-memory");
  const found = await lines(metrics);
  assert.equal(found.get('hearth_jobs_retried_total{kind="refused"}'), 2);
  assert.equal(found.get('hearth_jobs_retried_total{kind="out-of-memory"}'), 1);
});
