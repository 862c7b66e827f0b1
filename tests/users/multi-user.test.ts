/** `--multi-user`: `Comfy-User` separates queue, history and jobs. */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { PROJECT, TestServer, until } from "../support/server.ts";

let server: TestServer;
let alice: string;
let bob: string;

before(async () => {
  server = await TestServer.start([
    "--multi-user",
    "--custom-nodes-directory",
    path.join(PROJECT, "examples/custom_nodes"),
  ]);
  const add = async (username: string): Promise<string> =>
    (await (await server.post("/users", { username })).json()) as string;
  alice = await add("Alice");
  bob = await add("Bob");
});
after(() => server.stop());

async function ask<T>(user: string, route: string, body?: unknown): Promise<T> {
  const answer = await fetch(server.url + route, {
    headers: { "comfy-user": user },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

let colour = 0;
async function queue(user: string, seconds: number): Promise<string> {
  colour += 1;
  const prompt = {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: colour } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
  return (await ask<{ prompt_id: string }>(user, "/prompt", { prompt })).prompt_id;
}

type Item = [number, string];
interface Queue {
  readonly queue_running: Item[];
  readonly queue_pending: Item[];
}
interface Jobs {
  readonly jobs: { id: string; status: string }[];
}

test("each user sees, stops and removes its own jobs alone", async () => {
  const slow = await queue(alice, 30);
  const waiting = await queue(alice, 0);
  const others = await queue(bob, 0);
  await until("the first job to run", async () =>
    (await ask<Queue>(alice, "/queue")).queue_running.length === 1 ? true : undefined,
  );

  const seen = await ask<Queue>(bob, "/queue");
  assert.deepEqual(seen.queue_running, []);
  assert.deepEqual(
    seen.queue_pending.map(([, id]) => id),
    [others],
  );
  assert.deepEqual(
    (await ask<Jobs>(bob, "/api/jobs")).jobs.map(({ id }) => id),
    [others],
  );
  assert.deepEqual(await ask(bob, `/api/jobs/${slow}`), { error: "Job not found" });

  // None of this is Bob's to stop.
  await ask(bob, "/interrupt", {});
  await ask(bob, "/interrupt", { prompt_id: slow });
  await ask(bob, "/queue", { delete: [waiting] });
  assert.deepEqual(await ask(bob, `/api/jobs/${slow}/cancel`, {}), { cancelled: false });
  assert.equal((await ask<Queue>(alice, "/queue")).queue_pending.length, 1);

  assert.deepEqual(await ask(alice, `/api/jobs/${slow}/cancel`, {}), { cancelled: true });
  await server.idle();
  assert.deepEqual(Object.keys(await ask<object>(alice, "/history")).sort(), [slow, waiting].sort());
  assert.deepEqual(Object.keys(await ask<object>(bob, "/history")), [others]);
  assert.deepEqual(await ask(bob, `/history/${waiting}`), {});

  await ask(bob, "/history", { clear: true });
  assert.deepEqual(await ask(bob, "/history"), {});
  assert.equal(Object.keys(await ask<object>(alice, "/history")).length, 2);
});

test("a user that nobody made is refused", async () => {
  for (const route of ["/queue", "/history", "/api/jobs"]) {
    const answer = await fetch(server.url + route, { headers: { "comfy-user": "nobody_123" } });
    assert.equal(answer.status, 401, route);
  }
});

test("without the header the default user is meant", async () => {
  const answer = await server.json<Queue>("/queue");
  assert.deepEqual(answer, { queue_running: [], queue_pending: [] });
});
