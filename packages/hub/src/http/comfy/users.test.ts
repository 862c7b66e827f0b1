import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { FastifyInstance } from "fastify";
import { userOf } from "../../users/user-of.ts";
import { sendJson } from "../answers.ts";
import { rawRequest, startServer } from "../test-server.ts";
import { twin } from "../twin.ts";

function whoAsks(app: FastifyInstance): void {
  twin(app, "GET", "/who", (request, reply) => sendJson(reply, userOf(request)));
}

test("a server for one user says whether the user's folder is there, and ignores the header", async (t) => {
  const { port } = await startServer(t, {}, whoAsks);
  const get = async (target: string): Promise<unknown> =>
    JSON.parse((await rawRequest(port, "GET", target, { "comfy-user": "ghost" })).body);
  assert.deepEqual(await get("/users"), { storage: "server", migrated: false });
  assert.equal((await rawRequest(port, "POST", "/settings/a", { "comfy-user": "ghost" }, "1")).status, 200);
  assert.deepEqual(await get("/api/users"), { storage: "server", migrated: true });
  assert.deepEqual(await get("/settings"), { a: 1 });
  assert.equal(await get("/who"), "default");
});

test("users of a server for many keep their things apart", async (t) => {
  const { port, folders } = await startServer(t, { multiUser: true }, whoAsks);
  const ask = (method: string, target: string, user?: string, body = "") =>
    rawRequest(port, method, target, user === undefined ? {} : { "comfy-user": user }, body);
  const add = async (username: string): Promise<string> =>
    JSON.parse((await ask("POST", "/users", undefined, JSON.stringify({ username }))).body) as string;
  const amy = await add("amy");
  const bob = await add("bob");
  assert.deepEqual(JSON.parse((await ask("GET", "/users")).body), {
    storage: "server",
    users: { [amy]: "amy", [bob]: "bob" },
  });
  for (const [user, text] of [
    [amy, "A"],
    [bob, "B"],
  ] as const) {
    assert.equal((await ask("POST", "/settings/name", user, JSON.stringify(text))).status, 200);
    assert.equal((await ask("POST", "/userdata/f.txt", user, text)).status, 200);
  }
  for (const [user, text] of [
    [amy, "A"],
    [bob, "B"],
  ] as const) {
    assert.equal((await ask("GET", "/settings/name", user)).body, JSON.stringify(text));
    assert.equal((await ask("GET", "/userdata/f.txt", user)).body, text);
    assert.equal((await ask("GET", `/userdata/..%2F${amy}%2Ff.txt`, bob)).status, 403);
    assert.equal((await ask("GET", "/who", user)).body, JSON.stringify(user));
  }
  const refusals = async (user?: string): Promise<string[]> => {
    const answers = [];
    for (const target of ["/settings", "/settings/x", "/userdata?dir=.", "/userdata/f.txt", "/v2/userdata"]) {
      const { status, body } = await ask("GET", target, user);
      answers.push(`${status} ${body}`);
    }
    return answers;
  };
  const nobody = Array<string>(4).fill("401 401: Unauthorized");
  for (const user of [undefined, "ghost", "__temporary", "..", "default", "amy"]) {
    assert.deepEqual(await refusals(user), [...nobody, "403 Invalid user specified in request"], user);
  }
  assert.equal((await ask("POST", "/userdata/f.txt", "ghost", "x")).status, 401);
  // Queues and history have a default user without anybody having made it.
  assert.equal((await ask("GET", "/who")).body, '"default"');
  assert.equal((await ask("GET", "/who", "ghost")).status, 401);
  writeFileSync(path.join(folders.user, "users.json"), '{"default": "default"}');
  assert.equal((await ask("GET", "/settings")).body, "{}");
});

test("a name that cannot be had, and a body that is none", async (t) => {
  const { port } = await startServer(t, { multiUser: true });
  const post = async (body: string): Promise<string> => {
    const answer = await rawRequest(port, "POST", "/users", {}, body);
    return `${answer.status} ${answer.body}`;
  };
  assert.match(await post('{"username": "amy"}'), /^200 "amy_/);
  assert.equal(await post('{"username": "amy"}'), '400 {"error": "Duplicate username."}');
  for (const body of ["{}", "[]", "null", '{"username": 5}']) {
    assert.equal(await post(body), '400 400: the body must be {"username": "name"}', body);
  }
  assert.match(await post("x"), /^400 .*invalid_json/);
});
