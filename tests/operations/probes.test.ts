/** What monitors ask a running server. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { TestServer, until } from "../support/server.ts";

let server: TestServer;
before(async () => {
  server = await TestServer.start();
});
after(() => server.stop());

async function metrics(): Promise<Map<string, number>> {
  const answer = await fetch(`${server.url}/metrics`);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

test("/api/health answers at once, /ready once a worker is there", async () => {
  assert.deepEqual(await server.json("/api/health"), { status: "ok" });
  await until("readiness", async () => ((await fetch(`${server.url}/ready`)).ok ? true : undefined));
  assert.deepEqual(await server.json("/ready"), { ready: true, nodes: true, worker: true, open: true });
});

test("/ready says what is missing while no worker is there", async () => {
  const { worker } = await until("the worker", () => {
    const ids = server.ids();
    return ids.worker === undefined ? undefined : ids;
  });
  assert.ok(worker !== undefined);
  process.kill(worker, "SIGSTOP");
  process.kill(worker, "SIGKILL");
  const answer = await until("the loss to be noticed", async () => {
    const ready = await fetch(`${server.url}/ready`);
    return ready.status === 503 ? ready : undefined;
  });
  assert.deepEqual(await answer.json(), { ready: false, nodes: true, worker: false, open: true });
  await until("another worker", async () => ((await fetch(`${server.url}/ready`)).ok ? true : undefined));
});

test("/metrics counts jobs, workers, sockets, requests and memory", async () => {
  const prompt = {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 7 } },
    "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
  };
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  await once(socket, "open");
  const before = await metrics();
  await server.post("/prompt", { prompt });
  await server.post("/prompt", { prompt: {} });
  await server.idle();
  const after = await metrics();
  const grew = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  assert.equal(grew('hearth_jobs_ended_total{state="completed"}'), 1);
  assert.equal(grew('hearth_job_duration_seconds_count{state="completed"}'), 1);
  assert.equal(grew('hearth_http_requests_total{method="POST",status="400"}'), 1);
  assert.equal(after.get('hearth_jobs{state="queued"}'), 0);
  assert.equal(after.get("hearth_sockets"), 1);
  assert.equal(after.get('hearth_workers{state="idle"}'), 1);
  assert.ok((after.get("process_resident_memory_bytes") ?? 0) > 1e7);
  socket.close();
});
