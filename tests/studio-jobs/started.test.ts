/** Studio's jobs on a started server, with its own worker. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { WebSocket } from "ws";
import { until } from "../support/server.ts";
import { saving, slow, startStudio } from "./studio-server.ts";

test("S-1 without a key nothing is told, with it everything", async (t) => {
  const { server, ask } = await startStudio(t);
  for (const target of ["events", "queue", "history", "history/x/package"]) {
    const refused = await fetch(`${server.url}/api/admin/${target}`);
    assert.equal(refused.status, 401);
    assert.deepEqual(await refused.json(), { detail: "Not authenticated" });
  }
  assert.equal((await ask("GET", "/api/admin/queue")).status, 200);
});

test("S-23 a job from the queue to history, its events in the list, the file and the socket", async (t) => {
  const { server, key, ask, queue } = await startStudio(t);
  const heard: any[] = [];
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/run/ws?token=${key}`);
  t.after(() => socket.terminate());
  socket.on("message", (data: Buffer) => heard.push(JSON.parse(data.toString())));
  await once(socket, "open");
  const id = await queue(slow(1, "picture"));
  const running = await until("live progress", async () => {
    const [record] = (await ask("GET", "/api/admin/queue")).body;
    return record?.progress.node_title === "TestSleep" ? record : undefined;
  });
  assert.deepEqual([running.prompt_id, running.status, running.workflow_id], [id, "running", null]);
  assert.deepEqual([running.progress.total_nodes, running.progress.effective_total], [3, 3]);
  assert.ok(running.progress.percent >= 33 && running.progress.percent < 100);
  await server.idle();
  await until("the end on the socket", () => heard.find((message) => message.type === "job.completed"));
  const last = await until("the last progress", () =>
    heard.find((message) => message.status === "completed"),
  );
  assert.equal(last.percent, 100);
  const [record] = (await ask("GET", "/api/admin/history")).body;
  assert.deepEqual([record.status, record.output.filename], ["completed", "picture_00001_.png"]);
  const { body: detail } = await ask("GET", `/api/admin/history/${id}`);
  assert.ok(detail.node_times["2"] >= 900, JSON.stringify(detail.node_times));
  const { body: events } = await ask("GET", "/api/admin/events");
  assert.deepEqual(
    events.map((event: any) => event.type),
    ["system.backend.started", "job.queued", "job.started", "job.completed"],
  );
  const lines = await until("the event file", () => {
    const text = readFileSync(path.join(server.base, "studio", "events.jsonl"), "utf8").trim();
    return text.includes("job.completed") ? text.split("\n").map((line) => JSON.parse(line)) : undefined;
  });
  assert.deepEqual(
    lines.map(({ seq: _seq, ...event }) => event),
    events,
  );
  assert.equal((await ask("GET", "/api/admin/history?q=picture_00001")).body.length, 1);
});

test("S-43 a held queue stays held over a crash, and goes on where it was", async (t) => {
  const { server, ask, queue, crash } = await startStudio(t);
  await ask("POST", "/api/admin/queue/pause");
  const ids = [await queue(saving("a")), await queue(saving("b"))];
  await ask("PATCH", `/api/admin/queue/${ids[1]}`, { front: true });
  await crash();
  const state = await ask("GET", "/api/admin/queue/state");
  assert.deepEqual(state.body, { paused: true, queued: 2, running: 0 });
  assert.deepEqual(
    (await ask("GET", "/api/admin/queue")).body.map((record: any) => record.prompt_id),
    ids.toReversed(),
  );
  await ask("POST", "/api/admin/queue/resume");
  await server.idle();
  const { body } = await ask("GET", "/api/admin/events?types=job.started");
  assert.deepEqual(
    body.map((event: any) => event.data.prompt_id),
    ids.toReversed(),
  );
});

test("S-62 a running job is interrupted, and gone with its record", async (t) => {
  const { server, ask, queue } = await startStudio(t);
  const id = await queue(slow(30, "never"));
  await until(
    "the job to run",
    async () => (await ask("GET", "/api/admin/queue")).body[0]?.started_at ?? undefined,
  );
  const { body } = await ask("POST", "/api/admin/history/delete", { prompt_ids: [id] });
  assert.deepEqual(body, { deleted: [id] });
  await server.idle();
  assert.deepEqual((await ask("GET", "/api/admin/history")).body, []);
});
