/** The stream of a workflow, by the letter of the seed: C-4 to C-14, C-18 to C-28. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TestServer } from "../support/server.ts";
import { ControlClient, eventsOf, picture, type Snapshot, startControl } from "./support.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl({ HEARTH_CONTROL_MAX_UPDATES: "30" });
  client = new ControlClient(server.url);
});
after(() => server.stop());

const KEYS = ["status", "prompt", "queue_number", "outputs", "cause", "started_at", "completed_at"];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ORDER = ["accepted", "uploaded", "queued", "running", "completed"];

/** Fills the one worker, so that what comes next waits. */
async function busy(seconds: number): Promise<string> {
  const id = await client.create(picture({ seconds, prefix: "busy" }));
  await client.reach(id, "running");
  return id;
}

test("C-4 a stream is an event stream that nobody caches or holds back", async () => {
  const id = await client.create(picture());
  await client.ended(id);
  const answer = await client.subscribe(id);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  assert.equal(answer.headers.get("cache-control"), "no-cache");
  assert.equal(answer.headers.get("x-accel-buffering"), "no");
  await answer.text();
});

test("C-5 an event is one data line of compact JSON and a blank line", async () => {
  const id = await client.create(picture({ seconds: 0.3 }));
  const text = await (await client.subscribe(id)).text();
  const events = text.split("\n\n");
  assert.equal(events.pop(), "", "the last one ends with a blank line too");
  assert.ok(events.length > 1);
  for (const event of events) {
    assert.match(event, /^data: \{[^\n]*\}$/);
    assert.equal(event.slice(6), JSON.stringify(JSON.parse(event.slice(6))));
  }
});

test("C-6 a payload has all its keys always, and no others", async () => {
  const id = await client.create(picture({ seconds: 0.3 }));
  for (const { data } of await client.events(id)) {
    assert.deepEqual(Object.keys(data), KEYS);
    assert.equal(data.cause, null);
  }
});

test("C-7 every event is a whole snapshot, also one that says what the last one said", async () => {
  const id = await client.create(picture({ seconds: 0.6 }));
  const running = (await client.events(id)).filter(({ data }) => data.status === "running");
  assert.ok(running.length >= 2);
  assert.ok(running.every(({ raw }) => raw === running[0]?.raw));
});

test("C-8 of an ended workflow the first snapshot is the only one", async () => {
  const id = await client.create(picture());
  await client.ended(id);
  const events = await client.events(id);
  assert.equal(events.length, 1);
  assert.equal(events[0]?.data.status, "completed");
});

test("C-10 a stream ends in order after its last update, and nothing special is sent", async () => {
  const id = await busy(5);
  const events = await client.events(id);
  assert.equal(events.length, 30, "the first one counts");
  assert.ok(events.every(({ data }) => data.status === "running"));
  assert.equal((await client.ask("POST", `/v1/workflow/${id}/cancel`)).status, 200);
  await client.ended(id);
});

test("C-11 a stream closes by itself after the snapshot of the end, whatever the end is", async () => {
  const completed = await client.create(picture());
  const failing = picture({ prefix: "%nonsense" });
  const failed = await client.create({
    ...failing,
    "3": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "../outside" } },
  });
  const invalid = await client.create({ "1": { class_type: "NoSuchClass", inputs: {} } });
  const cancelled = await client.create(picture({ seconds: 10 }));
  await client.reach(cancelled, "running");
  await client.ask("POST", `/v1/workflow/${cancelled}/cancel`);
  for (const [id, status] of Object.entries({
    [completed]: "completed",
    [failed]: "failed",
    [invalid]: "invalid",
    [cancelled]: "cancelled",
  })) {
    const events = await client.events(id);
    assert.equal(events.at(-1)?.data.status, status);
    assert.equal(events.filter(({ data }) => data.status === status).length, 1);
  }
});

test("C-12 no other word than the eight is a status", async () => {
  const words = new Set([
    "accepted",
    "uploaded",
    "queued",
    "running",
    "completed",
    "cancelled",
    "invalid",
    "failed",
  ]);
  const ids = [await client.create(picture({ seconds: 0.3 })), await client.create(picture())];
  for (const id of ids) {
    for (const { data } of await client.events(id, "?push=1")) assert.ok(words.has(data.status), data.status);
  }
});

test("C-13 the prompt is an object as soon as its id is known, and null before", async () => {
  const first = await busy(0.5);
  const id = await client.create(picture());
  const events = await client.events(id);
  for (const { data } of events) {
    if (["accepted", "uploaded"].includes(data.status)) assert.equal(data.prompt, null);
    else assert.deepEqual(data.prompt, { prompt_id: id });
  }
  const job = await server.json<{ id: string }>(`/api/jobs/${id}`);
  assert.equal(job.id, id, "it is the id that the other contracts know");
  await client.ended(first);
  const invalid = await client.create({ "1": { class_type: "NoSuchClass", inputs: {} } });
  assert.equal((await client.events(invalid)).at(-1)?.data.prompt, null);
});

test("C-14 the running one is 1, the next 2; null before the queue and after the end", async () => {
  const running = await busy(1.2);
  const second = await client.create(picture({ prefix: "second" }));
  const third = await client.create(picture({ prefix: "third" }));
  await client.reach(third, "queued");
  const place = async (id: string): Promise<number | null | undefined> => (await client.get(id)).queue_number;
  assert.deepEqual([await place(running), await place(second), await place(third)], [1, 2, 3]);
  const numbers = (await client.events(third)).map(({ data }) => [data.status, data.queue_number]);
  assert.deepEqual(numbers[0], ["queued", 3]);
  assert.deepEqual(numbers.at(-1), ["completed", null]);
  for (const [status, number] of numbers) if (status === "running") assert.equal(number, 1);
});

test("C-18 a failure names the node's class, the exception and its message", async () => {
  const failing = {
    ...picture(),
    "3": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "../outside" } },
  };
  const id = await client.create(failing);
  const { data } = (await client.events(id)).at(-1) ?? {};
  assert.equal(data?.status, "failed");
  assert.equal(data?.cause?.node_type, "SaveImage");
  assert.ok((data?.cause?.exception_type.length ?? 0) > 0);
  assert.match(data?.cause?.exception_message ?? "", /outside/i);
  const workflow = await client.get(id);
  assert.deepEqual(
    [workflow["error_node"], workflow.exception_type, workflow.exception_message],
    ["3", data?.cause?.exception_type, data?.cause?.exception_message],
  );
});

test("C-19 times are UTC with whole seconds; what never ran never started, what ended has an end", async () => {
  const running = await busy(0.5);
  const waiting = await client.create(picture());
  await client.reach(waiting, "queued");
  await client.ask("POST", `/v1/workflow/${waiting}/cancel`);
  const cancelled = (await client.events(waiting)).at(-1)?.data;
  assert.deepEqual([cancelled?.status, cancelled?.started_at], ["cancelled", null]);
  assert.match(cancelled?.completed_at ?? "", TIME);
  const events = await client.events(running);
  for (const { data } of events) {
    assert.match(data.started_at ?? "", TIME);
    if (data.status === "running") assert.equal(data.completed_at, null);
  }
  assert.match(events.at(-1)?.data.completed_at ?? "", TIME);
  const invalid = await client.create({ "1": { class_type: "NoSuchClass", inputs: {} } });
  const ended = (await client.events(invalid)).at(-1)?.data;
  assert.deepEqual([ended?.status, ended?.started_at], ["invalid", null]);
  assert.match(ended?.completed_at ?? "", TIME);
});

test("C-20 times are the same moment as everywhere else, told in UTC", async () => {
  const before = Math.floor(Date.now() / 1000) * 1000;
  const id = await client.create(picture());
  const workflow = await client.ended(id);
  const times = [workflow.created_at, workflow.started_at, workflow.completed_at].map((time) =>
    Date.parse(time ?? ""),
  );
  for (const time of times) assert.ok(time >= before && time <= Date.now(), String(time));
  const job = await server.json<{ create_time: number }>(`/api/jobs/${id}`);
  assert.equal(times[0], Math.floor(job.create_time / 1000) * 1000);
});

test("C-21 streams of one workflow are independent, and one that goes away disturbs none", async () => {
  const id = await busy(1);
  const gone = new AbortController();
  const leaver = await client.subscribe(id, "", { signal: gone.signal });
  const [first, second] = [client.events(id), client.events(id, "?push=1")];
  for await (const event of eventsOf(leaver)) {
    assert.equal(event.data.status, "running");
    break;
  }
  gone.abort();
  for (const events of await Promise.all([first, second])) {
    assert.equal(events.at(-1)?.data.status, "completed");
  }
});

test("C-23 the status never goes backwards", async () => {
  const id = await client.create(picture({ seconds: 0.4 }));
  const places = (await client.events(id, "?push=1")).map(({ data }) => ORDER.indexOf(data.status));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
});

test("C-24 the snapshot that says completed has the outputs in it", async () => {
  const ids = await Promise.all(
    Array.from({ length: 5 }, (_, index) => client.create(picture({ color: index }))),
  );
  for (const id of ids) {
    const snapshots = (await client.events(id, "?push=1")).map(({ data }) => data);
    for (const { status, outputs } of snapshots) assert.equal(outputs.length, status === "completed" ? 1 : 0);
  }
});

test("C-25 who comes back after the last update gets the end", async () => {
  const id = await busy(6);
  const events = await client.events(id);
  assert.equal(events.at(-1)?.data.status, "running", "the updates were used up before the end");
  await client.ended(id);
  const [last, ...more] = await client.events(id);
  assert.equal(last?.data.status, "completed");
  assert.equal(more.length, 0);
  assert.equal((await client.ask("GET", `/v1/workflow/${id}/outputs`)).status, 200);
});

test("C-27 a token in the query opens a stream, and HEAD and OPTIONS are answered", async () => {
  const id = await client.create(picture());
  await client.ended(id);
  const url = `${server.url}/v1/workflow/${id}/subscribe`;
  const token = String(client.headers["authorization"]).slice("Bearer ".length);
  const answer = await fetch(`${url}?token=${token}`);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /"status":"completed"/);
  const head = await client.ask("HEAD", `/v1/workflow/${id}/subscribe`);
  assert.deepEqual([head.status, head.headers.get("content-type")], [200, "text/event-stream"]);
  assert.equal((await fetch(url, { method: "OPTIONS" })).status, 200);
});

test("C-22 a hundred streams see the same", async () => {
  const id = await busy(1);
  const all = await Promise.all(Array.from({ length: 100 }, () => client.events(id, "?push=1")));
  const ends = new Set(all.map((events) => JSON.stringify(withoutLinks(events.at(-1)?.data))));
  assert.equal(ends.size, 1);
  assert.match([...ends].join(""), /"status":"completed"/);
});

/** Links are signed anew each second. */
function withoutLinks(snapshot: Snapshot | undefined): unknown {
  return { ...snapshot, outputs: snapshot?.outputs.map(({ id }) => id) };
}

test("C-21 a server that stops ends its streams at once, and the next one goes on with the job", async () => {
  const id = await busy(2);
  const streams = await Promise.all(["", "?push=1&limit=0"].map((query) => client.subscribe(id, query)));
  const began = performance.now();
  const stopped = server.terminate();
  for (const stream of streams) assert.match(await stream.text(), /^(data: \{"status":"running".*\n\n)+$/);
  assert.ok(performance.now() - began < 5000, "not only when they are cut off");
  await stopped;
  await server.launch();
  assert.equal((await client.ended(id)).status, "completed");
});
