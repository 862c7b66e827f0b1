/**
 * Who may use what: the request of every row without a key, with a wrong one, with a key of each scope, and with a key
 * that owns nothing.
 */
import assert from "node:assert/strict";
import type http from "node:http";
import { after, before, test } from "node:test";
import { PACKS } from "../control/support.ts";
import { TestServer, until } from "../support/server.ts";
import { FROM_ELSEWHERE, type Got, send } from "./client.ts";
import type { Row, Scope } from "./row.ts";
import { testSockets } from "./sockets.ts";
import { testNamedInRequests } from "./named-in-requests.ts";
import { type Description, type Operation, operationsOf, ROWS } from "./table.ts";
import { ask, type Keys, makeKeys, makeThings, MASTER, startReceiver, type Things } from "./things.ts";

const WIDER: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read", "run", "admin"],
  run: ["run", "admin"],
  admin: ["admin"],
};
const SCOPES = ["read", "run", "admin"] as const;

let server: TestServer;
let receiver: http.Server;
let keys: Keys;
let things: Things;
let operations: ReadonlyMap<string, Operation>;

before(async () => {
  // A started server inherits the environment of its test.
  Object.assign(process.env, {
    API_KEY: MASTER,
    REPO_URL: "",
    TELEGRAM_BOT_TOKEN: "",
    HEARTH_CONTROL_RATE: "0",
    HEARTH_WEBHOOKS_TO_PRIVATE: "1",
  });
  receiver = await startReceiver();
  server = await TestServer.start(PACKS);
  keys = await makeKeys(server);
  things = await makeThings(server, keys, receiver);
  operations = operationsOf(await server.json<Description>("/openapi.json"));
});
after(async () => {
  await server?.stop();
  receiver.close();
});

/** The row's own path, and those that it is served at too. */
function pathsOf(row: Row): string[] {
  return [row.operation.split(" ")[1] ?? "", ...(operations.get(row.operation)?.["x-also-at"] ?? [])];
}

/** Sends a wrong key, and then a right one, so that wrong ones do not add up to a wait. */
async function wrongKey(row: Row, path: string): Promise<Got> {
  const got = await send(server.url, row, path, { key: "wrong" });
  await ask(server, MASTER, "GET", "/v1/user");
  return got;
}

test("every operation has a row, and every row an operation", () => {
  const names = ROWS.map(({ operation }) => operation);
  assert.equal(new Set(names).size, names.length, "a row is there twice");
  const rows = new Set(names);
  assert.deepEqual(
    [...operations.keys()].filter((name) => !rows.has(name)),
    [],
    "operations without a row in tests/access",
  );
  assert.deepEqual(
    names.filter((name) => !operations.has(name)),
    [],
    "rows without an operation",
  );
});

test("the description names the scope that the row names", () => {
  for (const { operation, asked, scope } of ROWS.filter(({ asked }) => asked === "everybody")) {
    const said = operations.get(operation)?.description ?? "";
    assert.ok(
      said.startsWith(`Needs a key with the scope \`${scope}\`.`),
      `${operation} (${asked}): ${said}`,
    );
  }
});

for (const row of ROWS) {
  test(`${row.operation}: ${ruleOf(row)}`, async () => {
    for (const path of pathsOf(row)) {
      if (row.asked === "nobody") await isOpen(row, path);
      else if (row.asked === "signature") await wantsSignature(row, path);
      else await wantsScope(row, path);
    }
  });
}

function ruleOf({ asked, scope }: Row): string {
  if (asked === "nobody") return "open to all";
  if (asked === "signature") return "wants a signature, and no key";
  return `${asked} shows a key that may ${scope}`;
}

async function isOpen(row: Row, path: string): Promise<void> {
  for (const headers of [{}, FROM_ELSEWHERE]) {
    const { status } = await send(server.url, row, path, { headers });
    assert.ok(![401, 403, 429].includes(status), `${path}: ${status}`);
  }
}

async function wantsSignature(row: Row, path: string): Promise<void> {
  for (const key of [undefined, MASTER]) {
    const { status } = await send(server.url, row, path, { key, headers: FROM_ELSEWHERE });
    assert.ok(status === 403 || status === 404, `${path}: ${status}`);
  }
}

async function wantsScope(row: Row, path: string): Promise<void> {
  assert.equal((await send(server.url, row, path)).status, 401, `${path} without a key`);
  assert.equal((await wrongKey(row, path)).status, 401, `${path} with a wrong key`);
  for (const scope of SCOPES) {
    const isEnough = WIDER[row.scope].includes(scope);
    if (isEnough && row.notSent !== undefined) continue;
    const { status, text } = await send(server.url, row, path, { key: keys[scope] });
    if (isEnough) assert.ok(status !== 401 && status !== 403, `${path} with '${scope}': ${status} ${text}`);
    else assert.equal(status, 403, `${path} with '${scope}'`);
  }
  if (row.asked === "elsewhere") {
    const { status } = await send(server.url, row, path, { headers: { "x-forwarded-for": "" } });
    assert.equal(status, 401, `${path}: an empty mark of a proxy is one too`);
    const here = await send(server.url, { ...row, asked: "everybody" }, path);
    assert.ok(![401, 403].includes(here.status), `${path} on this machine: ${here.status}`);
  }
}

test("rows that change something say why that does no harm", () => {
  const silent = ROWS.filter(
    ({ operation, asked, foreign, harmless, notSent }) =>
      (asked === "everybody" || asked === "elsewhere") &&
      !/^(GET|HEAD) /.test(operation) &&
      (harmless ?? notSent ?? foreign) === undefined,
  );
  assert.deepEqual(
    silent.map(({ operation }) => operation),
    ["POST /api/admin/outputs-zip", "POST /api/auth/logout"],
  );
});

type ForeignRow = Row & { readonly foreign: NonNullable<Row["foreign"]> };
const FOREIGN = ROWS.filter((row): row is ForeignRow => row.foreign !== undefined);

function sendFor(row: ForeignRow, key: string): Promise<Got> {
  const { path, body } = row.foreign;
  return send(server.url, row, pathsOf(row)[0] ?? "", { key, path: path?.(things), body: body?.(things) });
}

/** The owner's view of a thing, without what changes by itself. */
async function stateOf({ foreign }: ForeignRow): Promise<string> {
  if (foreign.state === undefined) return "";
  return JSON.stringify(await ask(server, keys.owner, "GET", foreign.state(things)));
}

for (const row of FOREIGN) {
  const { gets } = row.foreign;
  test(`${row.operation}: the key of another owner gets ${gets}`, async () => {
    const before = await stateOf(row);
    const { status, text } = await sendFor(row, keys.other);
    if (gets === "404") assert.equal(status, 404, text);
    else assert.ok(status < 300, `${status} ${text}`);
    assert.equal(await stateOf(row), before);
    if (row.foreign.text === undefined) return;
    const mark = row.foreign.text(things);
    assert.ok(!text.includes(mark), "another's thing is shown");
    assert.ok((await sendFor(row, keys.owner)).text.includes(mark), "its owner does not see it");
    assert.ok((await sendFor(row, keys.admin)).text.includes(mark), "an admin does not see it");
  });
}

test("what another owner's key could not do, the owner's key does", async () => {
  // What removes a thing comes after what looks at it and changes it.
  const ordered = [...FOREIGN].sort((one, other) => removes(one) - removes(other));
  for (const row of ordered.filter(({ foreign }) => foreign.gets !== "hidden")) {
    const before = await stateOf(row);
    const { status, text } = await sendFor(row, keys.owner);
    if (row.operation === "POST /api/admin/history/retry") assert.equal(status, 400, text);
    else assert.ok(status < 300, `${row.operation}: ${status} ${text}`);
    if (row.foreign.state === undefined) continue;
    await until(`${row.operation} to change something`, async () => {
      const now = await stateOf(row).catch((error: unknown) => String(error));
      return now === before ? undefined : true;
    });
  }
});

function removes({ operation }: Row): number {
  return /^DELETE|delete$|interrupt$|^POST \/api\/history$/.test(operation) ? 1 : 0;
}

test("a session is no more than the key that it began with", async () => {
  const answer = await fetch(`${server.url}/api/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ api_key: keys.read }),
  });
  const cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const withCookie = (method: string, route: string): Promise<Response> =>
    fetch(server.url + route, { method, headers: { cookie, ...FROM_ELSEWHERE } });
  assert.equal((await withCookie("GET", "/api/admin/queue")).status, 200);
  assert.equal((await withCookie("GET", "/api/queue")).status, 200);
  assert.equal((await withCookie("POST", "/api/admin/queue/pause")).status, 403);
  assert.equal((await withCookie("POST", "/api/interrupt")).status, 403);
  assert.equal((await withCookie("GET", `/api/admin/history/${things.running}`)).status, 404);
});

testSockets(() => ({ server, keys }));
testNamedInRequests(() => ({ server, keys, things }));
