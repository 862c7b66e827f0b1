/** What streams do for who asks for it, beyond the seed. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TestServer } from "../support/server.ts";
import { ControlClient, eventsOf, picture, startControl, type StreamEvent } from "./support.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl({ HEARTH_CONTROL_INTERVAL_MS: "30000", HEARTH_CONTROL_MAX_UPDATES: "2" });
  client = new ControlClient(server.url);
});
after(() => server.stop());

test("with push every change comes at once, and with limit=0 as many as there are", async () => {
  const first = await client.create(picture({ seconds: 0.6 }));
  await client.reach(first, "running");
  const id = await client.create(picture({ seconds: 0.3, color: 3 }));
  await client.reach(id, "queued");
  const events = await client.events(id, "?push=1&limit=0");
  assert.deepEqual(
    events.map(({ data }) => data.status),
    ["queued", "running", "completed"],
  );
  assert.deepEqual(
    events.map(({ data }) => data.queue_number),
    [2, 1, null],
  );
  assert.equal(new Set(events.map(({ raw }) => raw)).size, events.length, "nothing is said twice");
});

test("with push alone the limit still holds", async () => {
  const id = await client.create(picture({ seconds: 0.3, color: 4 }));
  assert.ok((await client.events(id, "?push=1")).length <= 2);
  await client.ended(id);
});

test("event ids come only for who asks, and grow", async () => {
  const id = await client.create(picture({ seconds: 0.2, color: 5 }));
  const events = await client.events(id, "?push=1&limit=0&ids=1");
  for (const { raw } of events) assert.match(raw, /^id: \d+\ndata: \{/);
  const ids = events.map((event) => Number(event.id));
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  );
});

test("who comes back with Last-Event-ID gets what happened meanwhile, and 204 when that is nothing", async () => {
  const id = await client.create(picture({ seconds: 0.4, color: 6 }));
  await client.reach(id, "queued", "running");
  let first: StreamEvent | undefined;
  for await (const event of eventsOf(await client.subscribe(id, "?push=1&limit=0&ids=1"))) {
    first = event;
    break;
  }
  assert.ok(first?.id !== undefined);
  await client.ended(id);
  const resumed = await client.events(id, "", { headers: { "last-event-id": "0" } });
  assert.deepEqual(
    resumed.map(({ data }) => data.status),
    ["accepted", "queued", "running", "completed"],
  );
  assert.ok(
    resumed.every((event) => event.id !== undefined),
    "the header asks for ids too",
  );
  const rest = await client.events(id, "?limit=0", { headers: { "last-event-id": first.id } });
  assert.equal(rest.at(-1)?.data.status, "completed");
  const last = rest.at(-1)?.id ?? "";
  const over = await client.subscribe(id, "", { headers: { "last-event-id": last } });
  assert.deepEqual([over.status, await over.text()], [204, ""]);
});

test("what a stream cannot be asked is 400", async () => {
  const id = await client.create(picture({ color: 8 }));
  for (const [query, headers, why] of [
    ["?limit=-1", {}, /limit/],
    ["?push=yes", {}, /push/],
    ["", { "last-event-id": "x" }, /Last-Event-ID 'x'/],
  ] as const) {
    const answer = await client.subscribe(id, query, { headers });
    assert.equal(answer.status, 400);
    assert.match(((await answer.json()) as { message: string }).message, why);
  }
  await client.ended(id);
});

test("Prefer: wait answers with the end", async () => {
  const answer = await client.submit(picture({ seconds: 0.2, color: 9 }), {}, { prefer: "wait=20" });
  assert.equal(answer.headers.get("preference-applied"), "wait=20");
  assert.equal(((await answer.json()) as { status: string }).status, "completed");
});

test("a job of another contract can be followed by its id too", async () => {
  const answer = await server.post("/prompt", { prompt: picture({ seconds: 0.2, color: 10 }) });
  const { prompt_id } = (await answer.json()) as { prompt_id: string };
  const events = await client.events(prompt_id, "?push=1&limit=0");
  assert.equal(events.at(-1)?.data.status, "completed");
  assert.equal(events.at(-1)?.data.outputs.length, 1);
});
