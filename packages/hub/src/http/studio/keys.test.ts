import assert from "node:assert/strict";
import { test } from "node:test";
import { detail, json, startSystem } from "./system-test-server.ts";

interface ShownKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly created_at: string;
  readonly key?: string;
}

test("a key is made, shown once, used, listed without its text, and revoked", async (t) => {
  const { ask, store } = await startSystem(t);
  const made = await ask("POST", "/api/admin/keys", { name: "phone", scopes: ["read", "read"] });
  assert.equal(made.status, 200);
  assert.equal(made.headers["cache-control"], "no-store");
  const { id, key = "", ...rest } = json<ShownKey>(made);
  assert.deepEqual([rest.name, rest.scopes], ["phone", ["read"]]);
  assert.match(rest.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);

  const with_ = { "x-api-key": key };
  assert.equal((await ask("GET", "/api/admin/settings", undefined, with_)).status, 200);
  const refused = await ask("PUT", "/api/admin/settings", { max_concurrent: 2 }, with_);
  assert.equal(refused.status, 403);
  assert.equal(detail(refused), "The key 'phone' lacks the scope 'admin'");

  const list = await ask("GET", "/api/admin/keys");
  assert.deepEqual(json<ShownKey[]>(list), [{ id, ...rest }]);
  assert.ok(!list.body.includes(key));

  assert.deepEqual(json(await ask("DELETE", `/api/admin/keys/${id}`)), { revoked: id });
  assert.equal((await ask("GET", "/api/admin/settings", undefined, with_)).status, 401);
  const gone = await ask("DELETE", `/api/admin/keys/${id}`);
  assert.deepEqual([gone.status, detail(gone)], [404, "Key not found"]);

  const events = await store.latestEvents({ types: ["key.created", "key.revoked"], limit: 10 });
  assert.deepEqual(
    events.map(({ type, message }) => [type, message]),
    [
      ["key.created", "Key 'phone' made"],
      ["key.revoked", "Key 'phone' revoked"],
    ],
  );
  assert.ok(!JSON.stringify(events).includes(key));
});

test("what is wrong with a wanted key is named", async (t) => {
  const { ask } = await startSystem(t);
  for (const [body, expected] of [
    [{}, /name/],
    [{ name: "", scopes: ["read"] }, /^name /],
    [{ name: "a\nb", scopes: ["read"] }, /^name must not hold control characters$/],
    [{ name: "a", scopes: [] }, /^scopes /],
    [{ name: "a", scopes: ["root"] }, /^scopes\.0 /],
    [{ name: "a", scopes: "read" }, /^scopes /],
  ] as const) {
    const answer = await ask("POST", "/api/admin/keys", body);
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.match(detail(answer), expected);
  }
  assert.deepEqual(json(await ask("GET", "/api/admin/keys")), []);
});

test("only admin sees, makes and revokes keys", async (t) => {
  const { ask, parts } = await startSystem(t);
  const { text, key } = await parts.keys.create("runner", ["run"]);
  for (const [method, target] of [
    ["GET", "/api/admin/keys"],
    ["POST", "/api/admin/keys"],
    ["DELETE", `/api/admin/keys/${key.id}`],
  ] as const) {
    const answer = await ask(method, target, method === "POST" ? {} : undefined, { "x-api-key": text });
    assert.equal(answer.status, 403, `${method} ${target}`);
  }
  assert.equal(parts.keys.list().length, 1);
});
