import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import Type from "typebox";
import { sendJson } from "./answers.ts";
import { HttpError } from "./errors.ts";
import { closeContract, ownContract, studioError } from "./own-contract.ts";
import { type RawAnswer, rawRequest, startServer } from "./test-server.ts";
import { checkedBody, checkedQuery } from "./validate.ts";

const KEY = { "x-api-key": "secret-key" };
const BODY = Type.Object({
  n: Type.Integer({ minimum: 0 }),
  names: Type.Optional(Type.Array(Type.String())),
});
const QUERY = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  all: Type.Optional(Type.Boolean()),
});

type Ask = (
  method: string,
  path: string,
  headers?: Record<string, string>,
  body?: string,
) => Promise<RawAnswer>;

async function asker(t: TestContext): Promise<Ask> {
  const { port, app } = await startServer(t, {}, (app) => {
    const register = ownContract(app, studioError);
    register("GET", "/api/admin/things", "read", (request, reply) =>
      sendJson(reply, checkedQuery(request, QUERY)),
    );
    register("POST", "/api/admin/things", "admin", (request, reply) =>
      sendJson(reply, checkedBody(request, BODY)),
    );
    register("POST", "/api/admin/fails", "run", () => {
      throw new Error("a secret of the inside");
    });
    register("POST", "/api/admin/refuses", "run", () => {
      throw new HttpError(409, "not now");
    });
    closeContract(app, "/api/admin", studioError);
  });
  const scopes = { reader: ["read"], runner: ["run"] } as const;
  app.access.useNamedKeys({
    find: (text) =>
      text in scopes
        ? { owner: `key:${text}`, name: text, scopes: scopes[text as keyof typeof scopes] }
        : undefined,
    byId: () => undefined,
  });
  return (method, path, headers = KEY, body = "") => rawRequest(port, method, path, headers, body);
}

const detail = (answer: RawAnswer): string => (JSON.parse(answer.body) as { detail: string }).detail;

test("also this machine shows a key", async (t) => {
  const ask = await asker(t);
  const answer = await ask("GET", "/api/admin/things", {});
  assert.equal(answer.status, 401);
  assert.equal(detail(answer), "Not authenticated");
  assert.equal((await ask("GET", "/api/admin/things", { "x-api-key": "wrong" })).status, 401);
  assert.equal((await ask("GET", "/api/admin/things")).status, 200);
  assert.equal((await ask("GET", "/api/admin/nothing", {})).status, 401, "nobody finds out what there is");
});

test("a key does what its scopes say", async (t) => {
  const ask = await asker(t);
  assert.equal((await ask("GET", "/api/admin/things", { "x-api-key": "reader" })).status, 200);
  assert.equal((await ask("POST", "/api/admin/refuses", { "x-api-key": "runner" })).status, 409);
  const refused = await ask("POST", "/api/admin/things", { "x-api-key": "runner" });
  assert.equal(refused.status, 403);
  assert.equal(detail(refused), "The key 'runner' lacks the scope 'admin'");
});

test("bodies and queries are checked, and the fields that are wrong are named", async (t) => {
  const ask = await asker(t);
  const good = await ask("POST", "/api/admin/things", KEY, '{"n": 2.0, "other": 1}');
  assert.deepEqual(JSON.parse(good.body), { n: 2, other: 1 });
  const bad = await ask("POST", "/api/admin/things", KEY, '{"n": -1, "names": ["a", 5]}');
  assert.equal(bad.status, 422);
  assert.match(detail(bad), /^n must be .*; names\.1 must be string$/);
  assert.match(detail(await ask("POST", "/api/admin/things", KEY)), /^body must have required properties n$/);
  assert.equal((await ask("POST", "/api/admin/things", KEY, "{")).status, 422);
  const query = await ask("GET", "/api/admin/things?limit=5&all=true&other=x");
  assert.deepEqual(JSON.parse(query.body), { limit: 5, all: true, other: "x" });
  assert.match(detail(await ask("GET", "/api/admin/things?limit=x")), /^limit must be integer$/);
});

test("what goes wrong inside is said without the inside", async (t) => {
  const ask = await asker(t);
  const answer = await ask("POST", "/api/admin/fails");
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.body, /secret/);
});

test("an unknown path is 404 and a wrong method 405, as JSON", async (t) => {
  const ask = await asker(t);
  const unknown = await ask("GET", "/api/admin/nothing");
  assert.equal(unknown.status, 404);
  assert.equal(detail(unknown), "Not Found");
  const wrong = await ask("DELETE", "/api/admin/things");
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers["allow"], "GET,HEAD,POST");
  assert.equal(detail(wrong), "Method Not Allowed");
  assert.equal((await ask("GET", "/api/admin/fails")).status, 405);
});
