/** Registered runners run jobs: they come, change and go while the server runs, and are there again after a restart. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestServer, until } from "../support/server.ts";
import { ControlClient, KEY, PACKS, picture } from "./support.ts";

interface Worker {
  readonly name: string;
  readonly state: string;
  readonly completed: number;
  readonly tags: readonly string[];
}

let hub: TestServer;
let peers: TestServer[];
let client: ControlClient;
before(async () => {
  process.env["API_KEY"] = KEY;
  [hub, ...peers] = await Promise.all([
    TestServer.start(["--no-native"]),
    TestServer.start(PACKS),
    TestServer.start(PACKS),
  ]);
  client = new ControlClient(hub.url);
});
after(() => Promise.all([hub, ...peers].map((server) => server.stop())));

function workers(): Promise<Worker[]> {
  return client.json<Worker[]>("/api/admin/workers");
}

/** The worker of a runner, once it is in this state. */
function inState(id: string, state: string): Promise<Worker> {
  return until(`runner ${id} to be ${state}`, async () =>
    (await workers()).find((worker) => worker.name === `runner-${id}` && worker.state === state),
  );
}

async function send(method: string, route: string, body: object, key = KEY): Promise<{ id: string }> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await client.ask(method, route, { headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${method} ${route} answered ${answer.status}`);
  return (await answer.json()) as { id: string };
}

const register = (
  peer: TestServer | undefined,
  tags: readonly string[],
  key = KEY,
): Promise<{ id: string }> => send("POST", "/v1/runner", { name: "gpu", endpoint: peer?.url, tags }, key);

test("a runner takes jobs from its registration on, those with its tags, and after a restart", async () => {
  const large = await register(peers[0], ["large"]);
  await inState(large.id, "idle");
  const first = await client.create(picture({ prefix: "first" }), { tags: "large" });
  await client.reach(first, "completed");
  assert.deepEqual(
    readdirSync(path.join(hub.base, "output")).filter((name) => name.startsWith("first")).length,
    1,
  );
  const small = await register(peers[1], ["small"]);
  await inState(small.id, "idle");
  for (const color of [1, 2]) {
    await client.reach(await client.create(picture({ color }), { tags: "small" }), "completed");
  }
  assert.deepEqual((await inState(small.id, "idle")).completed, 2);
  assert.deepEqual((await inState(large.id, "idle")).completed, 1);

  await hub.terminate();
  await hub.launch();
  await inState(large.id, "idle");
  await client.reach(await client.create(picture({ color: 3 }), { tags: "large" }), "completed");
  for (const id of [large.id, small.id]) await client.ask("DELETE", `/v1/runner/${id}`);
  await until("both to be forgotten", async () => ((await workers()).length === 0 ? true : undefined));
});

test("a runner that is disabled ends its job first, and one that is changed is driven anew", async () => {
  const { id } = await register(peers[0], []);
  await inState(id, "idle");
  const job = await client.create(picture({ seconds: 1.5, color: 7 }));
  await client.reach(job, "running");
  await send("PUT", `/v1/runner/${id}`, { status: "disabled" });
  await client.reach(job, "completed");
  await until("it to be forgotten", async () => ((await workers()).length === 0 ? true : undefined));
  await send("PUT", `/v1/runner/${id}`, { status: "active", tags: ["new"] });
  assert.deepEqual((await inState(id, "idle")).tags, ["new"]);
  await send("PUT", `/v1/runner/${id}`, { endpoint: peers[1]?.url, tags: [] });
  await until("its tags to be gone", async () =>
    (await inState(id, "idle")).tags.length === 0 ? true : undefined,
  );
  await client.reach(await client.create(picture({ color: 8 })), "completed");
  const history = await peers[1]?.json<Record<string, unknown>>("/history");
  assert.equal(Object.keys(history ?? {}).length > 2, true, "the other peer ran it");
  await client.ask("DELETE", `/v1/runner/${id}`);
});

test("a runner of a key that may not administer is kept, and gets nobody's prompts", async () => {
  const made = await client.ask("POST", "/api/admin/keys", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "app", scopes: ["run"] }),
  });
  const { key } = (await made.json()) as { key: string };
  const mine = await register(peers[0], [], key);
  const admins = await register(peers[1], []);
  await inState(admins.id, "idle");
  assert.deepEqual(
    (await workers()).map(({ name }) => name).filter((name) => name === `runner-${mine.id}`),
    [],
  );
});
