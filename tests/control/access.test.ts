/** Who may use the Control contract, and how often: C-1 to C-3, C-33. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TestServer } from "../support/server.ts";
import { ControlClient, picture, startControl } from "./support.ts";

const WINDOW_MS = 3000;
let server: TestServer;
let client: ControlClient;
let id: string;
before(async () => {
  server = await startControl();
  client = new ControlClient(server.url);
  id = await client.create(picture());
  await client.ended(id);
});
after(() => server.stop());

const UNKNOWN = "ffffffff-ffff-4fff-8fff-ffffffffffff";
const route = (workflow: string): string => `/v1/workflow/${workflow}/subscribe`;

test("C-1 without a good token there is 401 as JSON, and no stream", async () => {
  for (const headers of [
    {},
    { authorization: "Bearer" },
    { authorization: "Bearer wrong" },
    { authorization: "Basic x" },
  ]) {
    const answer = await fetch(server.url + route(id), { headers });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("content-type"), "application/json; charset=utf-8");
    assert.deepEqual(await answer.json(), { status: 401, message: "Not authenticated" });
  }
  // Wrong keys are throttled; the right one ends that.
  assert.equal((await client.subscribe(id)).status, 200);
});

test("C-2 an unknown workflow is 404 as JSON, and so is what is no id at all", async () => {
  for (const unknown of [UNKNOWN, "nonsense", "1", `${id}x`, "..%2f..%2fetc"]) {
    const answer = await client.subscribe(unknown);
    assert.equal(answer.status, 404);
    const body = (await answer.json()) as { status: number; message: string };
    assert.equal(body.status, 404);
    assert.match(body.message, /^(There is no workflow |Not Found)/);
  }
});

test("C-2 what belongs to another key is 404, also when it is stopped or read", async () => {
  const keyOf = async (name: string): Promise<string> => {
    const answer = await client.post("/api/admin/keys", { name, scopes: ["run"] });
    assert.ok(answer.ok, await answer.clone().text());
    return ((await answer.json()) as { key: string }).key;
  };
  const [ann, ben] = [
    new ControlClient(server.url, await keyOf("ann")),
    new ControlClient(server.url, await keyOf("ben")),
  ];
  const hers = await ann.create(picture({ prefix: "hers" }));
  await ann.ended(hers);
  for (const [method, rest] of [
    ["GET", ""],
    ["GET", "/subscribe"],
    ["GET", "/outputs"],
    ["POST", "/cancel"],
  ] as const) {
    const answer = await ben.ask(method, `/v1/workflow/${hers}${rest}`);
    assert.equal(answer.status, 404, rest);
    assert.equal(((await answer.json()) as { status: number }).status, 404);
  }
  assert.equal((await ben.json<{ total: number }>("/v1/workflow")).total, 0);
  assert.equal((await ann.json<{ total: number }>("/v1/workflow")).total, 1);
  assert.equal((await client.get(hers)).status, "completed", "admin sees all");
});

test("C-3 without a token nobody learns which workflows there are", async () => {
  const answers = await Promise.all([id, UNKNOWN].map((workflow) => fetch(server.url + route(workflow))));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401],
  );
  const [known, unknown] = await Promise.all(answers.map((answer) => answer.text()));
  assert.equal(known, unknown);
});

test("C-33 who asks too often is told when to come again; an open stream is one request", async (t) => {
  const limited = await startControl({
    HEARTH_CONTROL_RATE: "40",
    HEARTH_CONTROL_RATE_WINDOW_MS: String(WINDOW_MS),
  });
  t.after(() => limited.stop());
  const client = new ControlClient(limited.url);
  const running = await client.create(picture({ seconds: 1 }));
  const stream = client.events(running, "?limit=0");
  const answers = await Promise.all(Array.from({ length: 60 }, () => client.ask("GET", "/v1/user")));
  const refused = answers.find(({ status }) => status === 429);
  assert.ok(refused !== undefined, "the 41st request of the window at the latest");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= WINDOW_MS / 1000 + 1, String(seconds));
  assert.equal(((await refused.json()) as { status: number }).status, 429);
  assert.equal((await stream).at(-1)?.data.status, "completed", "what is open goes on");
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  assert.equal((await client.ask("GET", "/v1/user")).status, 200);
});
