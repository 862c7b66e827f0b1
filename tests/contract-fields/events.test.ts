/** Every field, parameter and event of the Events page, on a started server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { once } from "node:events";
import path from "node:path";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { until } from "../support/server.ts";
import { FAILS, KEY, LOCAL_TIME, StudioClient, WORKFLOW } from "./studio.ts";

let studio: StudioClient;
before(async () => {
  studio = await StudioClient.start();
  studio.addWorkflow();
});
after(() => studio?.server.stop());

const typed = (type: string): Promise<any[]> => studio.get(`/api/admin/events?types=${type}&limit=1000`);
const latest = async (type: string): Promise<any> => (await typed(type)).at(-1);

test("events: every field", async () => {
  const [event] = await typed("system.backend.started");
  assert.deepEqual(Object.keys(event), ["id", "type", "timestamp", "severity", "message", "data"]);
  assert.match(event.id, /^evt_[0-9a-f]{8}$/);
  assert.equal(event.type, "system.backend.started");
  assert.match(event.timestamp, LOCAL_TIME);
  const rome = new Date().toLocaleString("sv-SE", { timeZone: "Europe/Rome" });
  assert.equal(event.timestamp.slice(0, 10), rome.slice(0, 10));
  assert.equal(event.severity, "info");
  assert.equal(event.message, "Backend started");
  assert.deepEqual(Object.keys(event.data), ["version"]);
  assert.match(event.data.version, /^\d+\.\d+\.\d+/);
});

test("events: job.queued, job.started, job.completed of a run, and job.retried, job.deleted of what follows", async () => {
  const id = await studio.execute({ seconds: 1.1 });
  await studio.ended(id);
  const of = (await studio.get("/api/admin/events?types=job.*")).filter(
    ({ data }: any) => data.prompt_id === id,
  );
  assert.deepEqual(
    of.map(({ type, severity, data }: any) => [type, severity, data.workflow_id]),
    [
      ["job.queued", "info", WORKFLOW],
      ["job.started", "info", WORKFLOW],
      ["job.completed", "success", WORKFLOW],
    ],
  );
  const { duration, prompt_id } = of[2].data;
  assert.ok(Number.isInteger(duration) && duration >= 1, `${duration}`);
  assert.equal(prompt_id, id);
  assert.equal(of[2].message, `Job completed in ${duration}s`);

  const { body } = await studio.ask("POST", "/api/admin/history/retry", { prompt_id: id });
  await studio.ended(body.prompt_id);
  const retried = await latest("job.retried");
  assert.deepEqual(
    [retried.severity, retried.data],
    ["info", { prompt_id: body.prompt_id, retry_of: id, workflow_id: WORKFLOW }],
  );
  await studio.ask("POST", "/api/admin/history/delete", { prompt_ids: [id] });
  const deleted = await latest("job.deleted");
  assert.deepEqual([deleted.severity, deleted.data.prompt_id], ["info", id]);
});

test("events: job.failed with what went wrong", async () => {
  const id = await studio.prompt(FAILS);
  await studio.ended(id);
  const event = await latest("job.failed");
  assert.deepEqual([event.severity, event.data.prompt_id], ["error", id]);
  assert.match(event.data.error, /^\[A stumble\] ./);
});

test("events: assets.uploaded and assets.deleted name the files", async () => {
  const form = new FormData();
  form.append("files", new Blob(["text"]), "note.txt");
  const { status, body } = await studio.ask("POST", "/api/admin/assets/upload-inputs", form);
  assert.equal(status, 200, JSON.stringify(body));
  const uploaded = await latest("assets.uploaded");
  assert.equal(uploaded.severity, "info");
  assert.equal(uploaded.data.files.length, 1);
  assert.match(uploaded.data.files[0], /note\.txt$/);
  const gone = await studio.ask("POST", "/api/admin/assets/delete", {
    paths: [`inputs/${uploaded.data.files[0]}`],
  });
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  const deleted = await latest("assets.deleted");
  assert.equal(deleted.severity, "info");
  assert.match(deleted.data.files[0], /note\.txt$/);
});

test("events: types, severity and limit choose, and the newest is last", async () => {
  const all = await studio.get("/api/admin/events?limit=1000");
  const ids = (events: any[]): string[] => events.map(({ id }) => id);
  const chosen = async (query: string): Promise<string[]> =>
    ids(await studio.get(`/api/admin/events?${query}`));
  const failed = all.filter(({ type }: any) => type === "job.failed");
  assert.deepEqual(await chosen("types=job.failed"), ids(failed));
  const two = all.filter(({ type }: any) => ["job.failed", "job.deleted"].includes(type));
  assert.deepEqual(await chosen("types=job.failed,job.deleted"), ids(two));
  assert.deepEqual(
    await chosen("severity=error"),
    ids(all.filter(({ severity }: any) => severity === "error")),
  );
  assert.deepEqual(await chosen("limit=2"), ids(all).slice(-2));
  assert.deepEqual(await chosen("types=job.failed&severity=info"), []);
  assert.equal(new Set(ids(all)).size, all.length);
});

test("events: events.jsonl has one line for each, and the socket tells each at once", async () => {
  const socket = new WebSocket(`${studio.server.url.replace("http", "ws")}/api/run/ws?token=${KEY}`);
  const heard: any[] = [];
  socket.on("message", (data: Buffer) => heard.push(JSON.parse(data.toString())));
  await once(socket, "open");
  await studio.ended(await studio.prompt(FAILS));
  const event = await latest("job.failed");
  await until("the event on the socket", () => heard.find(({ id }) => id === event.id));
  socket.terminate();
  const line = await until("the event in the file", () => {
    const lines = readFileSync(path.join(studio.studio, "events.jsonl"), "utf8").trim().split("\n");
    return lines.map((text) => JSON.parse(text)).find(({ id }) => id === event.id);
  });
  const { seq: _seq, ...shown } = line;
  assert.deepEqual(shown, event);
});

test("events: a start has the events of before, and tells system.migration of a database that was of an older version", async () => {
  const before = await studio.get("/api/admin/events?limit=1000");
  await studio.server.terminate();
  const database = new DatabaseSync(path.join(studio.studio, "hearth.db"));
  database.exec("UPDATE documents SET text = '{\"version\": 1}' WHERE collection = 'schema_versions'");
  database.close();
  await studio.server.launch();
  const event = await until("the migration to be told", () => latest("system.migration"));
  assert.equal(event.severity, "info");
  assert.deepEqual([event.data.database, event.data.from], ["hearth.db", 1]);
  assert.ok(event.data.to > 1);
  const after = await studio.get("/api/admin/events?limit=1000");
  assert.deepEqual(after.slice(0, before.length), before);
});
