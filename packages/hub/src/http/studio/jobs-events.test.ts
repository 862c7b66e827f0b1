import assert from "node:assert/strict";
import { appendFile, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { describe, KNOWN_TYPES } from "../../events/words.ts";
import { finished, jobsFixture, newJob, prompt } from "./jobs-fixture.ts";

test("S-8 S-11 S-12 events are a bare array of objects with exactly six keys", async (t) => {
  const { ask, parts } = await jobsFixture(t);
  await parts.events.emit("system.backend.started", { version: "12.2.0" });
  const { body } = await ask("GET", "/api/admin/events");
  assert.ok(Array.isArray(body));
  assert.deepEqual(Object.keys(body[0]), ["id", "type", "timestamp", "severity", "message", "data"]);
  assert.match(body[0].id, /^evt_[0-9a-f]{8}$/);
  assert.match(body[0].timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  assert.deepEqual(
    [body[0].type, body[0].severity, body[0].message, body[0].data],
    ["system.backend.started", "info", "Backend started", { version: "12.2.0" }],
  );
});

test("S-9 S-10 filters combine, the newest that match are kept, and the newest is last", async (t) => {
  const { ask, parts } = await jobsFixture(t);
  const { events } = parts;
  for (let index = 0; index < 150; index += 1) {
    await events.emit(index % 3 === 0 ? "model.metadata.failed" : "model.deleted", { filename: `${index}` });
  }
  const numbers = async (query: string): Promise<string[]> =>
    (await ask("GET", `/api/admin/events${query}`)).body.map((event: any) => event.data.filename);
  const all = await numbers("");
  assert.equal(all.length, 100);
  assert.deepEqual([all[0], all.at(-1)], ["50", "149"]);
  assert.deepEqual(await numbers("?types=model.metadata.failed&severity=error&limit=2"), ["144", "147"]);
  assert.deepEqual(await numbers("?types=model.metadata.failed&severity=info"), []);
});

test("S-13 limit: clamped to 1000, 0 gives none, others are refused", async (t) => {
  const { ask, store } = await jobsFixture(t);
  await Promise.all(
    Array.from({ length: 1_300 }, (_, n) => store.addEvent({ type: "test.many", data: { n } })),
  );
  const many = (await ask("GET", "/api/admin/events?limit=99999")).body;
  assert.equal(many.length, 1_000);
  assert.equal(many.at(-1).data.n, 1_299);
  assert.deepEqual((await ask("GET", "/api/admin/events?limit=0")).body, []);
  for (const limit of ["-1", "x", "1.5"]) {
    const answer = await ask("GET", `/api/admin/events?limit=${limit}`);
    assert.equal(answer.status, 422);
    assert.match(answer.body.detail, /^limit/);
  }
});

test("S-14 S-15 lists of types and severities", async (t) => {
  const { ask, parts } = await jobsFixture(t);
  for (const type of ["job.odd", "model.deleted", "assets.uploaded"]) await parts.events.emit(type, {});
  const types = async (query: string): Promise<string[]> =>
    (await ask("GET", `/api/admin/events?${query}`)).body.map((event: any) => event.type);
  assert.deepEqual(await types("types= job.odd ,, model.deleted,"), ["job.odd", "model.deleted"]);
  assert.equal((await types("types=")).length, 3);
  assert.deepEqual(await types("types=nothing"), []);
  assert.deepEqual(await types("types=job.*"), ["job.odd"]);
  assert.deepEqual(await types("severity=loud"), []);
  assert.equal((await types("severity=info,error")).length, 3);
});

test("S-16 each event is one line of the file, the object that clients see", async (t) => {
  const { ask, parts, eventFile, folders } = await jobsFixture(t);
  await parts.events.emit("model.deleted", { filename: "two\nlines é" });
  await eventFile.append();
  const [shown] = (await ask("GET", "/api/admin/events")).body;
  const lines = (await readFile(path.join(folders.studio, "events.jsonl"), "utf8")).split("\n");
  assert.equal(lines.length, 2);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), { ...shown, seq: 1 });
});

test("S-19 a start loads the newest events; of a file that outlived its database too", async (t) => {
  const first = await jobsFixture(t);
  await first.parts.events.emit("model.deleted", { filename: "a" });
  await first.parts.events.emit("model.deleted", { filename: "b" });
  await first.eventFile.append();
  const file = path.join(first.folders.studio, "events.jsonl");
  await appendFile(file, "{ broken\n");
  const { EventFile, openSqliteStore } = await import("@hearth/jobs");
  const store = await openSqliteStore(path.join(first.folders.studio, "other.db"));
  const { EventLog, publicEvent } = await import("../../events/event-log.ts");
  const eventFile = await EventFile.open(file, store, { print: (event) => publicEvent(event) });
  const events = await EventLog.open({ store, log: first.parts.log, found: eventFile.found });
  await events.emit("model.deleted", { filename: "c" });
  await events.pull();
  const recent = events.recent();
  assert.deepEqual(
    recent.map((event) => event.shown.data["filename"]),
    ["a", "b", "c"],
  );
  assert.equal(new Set(recent.map((event) => event.shown.id)).size, 3, "no id twice");
  await events.close();
  await eventFile.close();
  await store.close();
});

test("S-20 what cannot be written fails nobody, and is told all the same", async (t) => {
  const { parts, ask } = await jobsFixture(t);
  const { EventLog } = await import("../../events/event-log.ts");
  const events = await EventLog.open({
    store: {
      ...{
        events: () => Promise.resolve([]),
        latestEvents: () => Promise.resolve([]),
        onChange: () => () => {},
      },
      addEvent: () => Promise.reject(new Error("disk full")),
    },
    log: parts.log,
  });
  const heard: string[] = [];
  events.subscribe((list) => heard.push(...list.map((event) => event.shown.type)));
  await events.emit("model.deleted", {});
  await events.emit("llm.model.deleted", {});
  assert.deepEqual(heard, ["model.deleted", "llm.model.deleted"]);
  assert.equal(new Set(events.recent().map((event) => event.shown.id)).size, 2);
  assert.equal((await ask("GET", "/api/admin/events")).status, 200);
});

test("S-22 the file and the table tell the same", async (t) => {
  const { store, ran, eventFile, folders } = await jobsFixture(t);
  await ran();
  await eventFile.append();
  const lines = (await readFile(path.join(folders.studio, "events.jsonl"), "utf8")).trim().split("\n");
  const rows = await store.events(0, 100);
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { seq: number; type: string }).type),
    rows.map((row) => row.type),
  );
});

test("S-27 S-28 S-29 queued, started, completed: each with its workflow, and the seconds", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const id = await ran(
    { details: { workflow_id: "flow" } },
    {
      messages: [
        ["execution_start", { timestamp: 1_000 }],
        ["execution_success", { timestamp: 143_400 }],
      ],
    },
  );
  const { body } = await ask("GET", "/api/admin/events");
  const data = body.map((event: any) => [
    event.type,
    event.severity,
    event.message,
    event.data.prompt_id,
    event.data.workflow_id,
  ]);
  assert.deepEqual(data, [
    ["job.queued", "info", "Job queued", id, "flow"],
    ["job.started", "info", "Job started", id, "flow"],
    ["job.completed", "success", "Job completed in 142s", id, "flow"],
  ]);
  assert.equal(body[2].data.duration, 142);
});

test("S-30 failed: with the node's title and what it said", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  await ran(
    { prompt: prompt({ title: "KSampler" }) },
    {
      status: "error",
      messages: [
        [
          "execution_error",
          { node_id: "1", node_type: "K", exception_message: "out of memory", timestamp: 1 },
        ],
      ],
    },
  );
  const [event] = (await ask("GET", "/api/admin/events?types=job.failed")).body;
  assert.deepEqual(
    [event.severity, event.data.error, event.data.workflow_id],
    ["error", "[KSampler] out of memory", null],
  );
  assert.equal(event.message, "Job failed: [KSampler] out of memory");
});

test("S-31 a retry is queued, and then retried", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const old = await ran({ details: { workflow_id: "flow" } });
  const { body } = await ask("POST", "/api/admin/history/retry", { prompt_id: old });
  const events = (await ask("GET", "/api/admin/events")).body.filter(
    (event: any) => event.data.prompt_id === body.prompt_id,
  );
  assert.deepEqual(
    events.slice(0, 2).map((event: any) => [event.type, event.data.retry_of]),
    [
      ["job.queued", old],
      ["job.retried", old],
    ],
  );
  assert.deepEqual(events[1].data, { prompt_id: body.prompt_id, retry_of: old, workflow_id: "flow" });
});

test("S-32 deleting a job is an event with its id", async (t) => {
  const { ask, ran } = await jobsFixture(t);
  const id = await ran();
  await ask("POST", "/api/admin/history/delete", { prompt_ids: [id] });
  const [event] = (await ask("GET", "/api/admin/events?types=job.deleted")).body;
  assert.deepEqual([event.severity, event.message, event.data.prompt_id], ["info", "Job deleted", id]);
});

test("S-23 S-24 S-25 S-33 S-34 S-35 every type of the table has its severity", () => {
  const severity = (type: string, data = {}): string => describe(type, data).severity;
  const table: Record<string, string> = {
    "system.backend.started": "info",
    "system.updated": "success",
    "system.migration": "info",
    "system.startup": "warning",
    "job.queued": "info",
    "job.started": "info",
    "job.completed": "success",
    "job.failed": "error",
    "job.retried": "info",
    "job.deleted": "info",
    "model.deleted": "info",
    "model.metadata.failed": "error",
    "llm.model.deleted": "info",
    "assets.uploaded": "info",
    "assets.deleted": "info",
    "model.download.completed": "success",
    "model.download.failed": "error",
  };
  for (const [type, wanted] of Object.entries(table)) {
    assert.ok(KNOWN_TYPES.includes(type), type);
    assert.equal(severity(type), wanted, type);
  }
  assert.equal(severity("model.metadata.fetched", { found: true }), "success");
  assert.equal(severity("model.metadata.fetched", { found: false }), "info");
  assert.equal(severity("model.metadata.batch.completed", { fetched: 2, failed: 0 }), "success");
  assert.equal(severity("model.metadata.batch.completed", { fetched: 1, failed: 1 }), "warning");
  assert.equal(
    describe("model.download.completed", { filename: "x.safetensors" }).message,
    "Downloaded: x.safetensors",
  );
});

test("S-36 types that nobody has described pass, with a severity that fits their name", async (t) => {
  const { ask, parts, store } = await jobsFixture(t);
  await parts.events.emit("garden.watered", { litres: 5 });
  await parts.events.emit("garden.failed");
  const id = (await store.accept(newJob("x"))).id;
  await store.claim("w", { leaseMs: 1_000 });
  await store.finish(id, 1, finished({ state: "stalled" }));
  const { body } = await ask("GET", "/api/admin/events");
  assert.deepEqual(
    body
      .filter((event: any) => !/queued|started/.test(event.type))
      .map((event: any) => [event.type, event.severity]),
    [
      ["garden.watered", "info"],
      ["garden.failed", "error"],
      ["job.stalled", "warning"],
    ],
  );
});

test("a key sees the events of its own jobs, and the system's", async (t) => {
  const { ask, submit, parts } = await jobsFixture(t, { idle: true });
  await submit({ owner: "key:alice" });
  await submit({ owner: "key:bob" });
  await parts.events.emit("system.updated", {});
  await parts.events.emit("assets.uploaded", { files: ["secret.png"] });
  const seen = (await ask("GET", "/api/admin/events", undefined, { "x-api-key": "alice" })).body;
  assert.deepEqual(
    seen.map((event: any) => event.type),
    ["job.queued", "system.updated"],
  );
  assert.equal((await ask("GET", "/api/admin/events")).body.length, 4);
});
