/** What a server does that nobody configured: C-9, C-28. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TestServer } from "../support/server.ts";
import { ControlClient, eventsOf, picture, startControl } from "./support.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl({ HEARTH_CONTROL_INTERVAL_MS: "" });
  client = new ControlClient(server.url);
});
after(() => server.stop());

test("C-8 the first snapshot comes at once", async () => {
  const id = await client.create(picture());
  await client.ended(id);
  const began = performance.now();
  assert.equal((await client.events(id)).length, 1);
  assert.ok(performance.now() - began < 1500, "before the first interval is over");
});

test("C-9 updates come about every two seconds, also when nothing changed", async () => {
  const id = await client.create(picture({ seconds: 20 }));
  await client.reach(id, "running");
  const began = performance.now();
  const times: number[] = [];
  const raws = new Set<string>();
  for await (const { at, raw } of eventsOf(await client.subscribe(id))) {
    times.push(at - began);
    raws.add(raw);
    if (times.length === 3) break;
  }
  const [first = Infinity, second = 0, third = 0] = times;
  assert.ok(first < 1000, "the first at once");
  for (const pause of [second - first, third - second])
    assert.ok(pause > 1900 && pause < 3500, String(pause));
  assert.equal(raws.size, 1, "nothing changed");
  await client.ask("POST", `/v1/workflow/${id}/cancel`);
  await client.ended(id);
});

test("C-28 with push, a change does not wait for its turn", async () => {
  const id = await client.create(picture({ seconds: 0.5 }));
  const events = await client.events(id, "?push=1");
  assert.equal(events.at(-1)?.data.status, "completed");
  const took = (events.at(-1)?.at ?? Infinity) - (events[0]?.at ?? 0);
  assert.ok(took < 1900, "before the second update would have come");
});
