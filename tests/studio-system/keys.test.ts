/** `hearth keys` as it is typed, against a started server. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { PROJECT, TestServer } from "../support/server.ts";

let server: TestServer;
before(async () => {
  server = await TestServer.start();
});
after(() => server.stop());

interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly problem: string;
}

async function keys(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [path.join(PROJECT, "bin/hearth.js"), "keys", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HEARTH_HOME: server.base, ...env },
  });
  const [[status], out, problem] = await Promise.all([
    once(child, "exit") as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status, out: out.trim(), problem: problem.trim() };
}

test("a key is made, listed, used and revoked", async () => {
  assert.deepEqual(await keys(["list"]), { status: 0, out: "There are no named keys.", problem: "" });
  const made = await keys(["create", "my phone", "--scopes", "read"]);
  assert.equal(made.status, 0, made.problem);
  const [, id = ""] = /^hearth_([0-9a-f]{12})_[\w-]{32}$/.exec(made.out) ?? [];
  assert.match(made.problem, new RegExp(`key ${id};`));
  const ask = async (): Promise<number> =>
    (await fetch(`${server.url}/api/admin/settings`, { headers: { "x-api-key": made.out } })).status;
  assert.equal(await ask(), 200);
  const listed = await keys(["list"]);
  assert.match(listed.out, new RegExp(`^${id} {2}read {2}\\d{4}-\\d\\d-\\d\\dT[\\d:]{8} {2}my phone$`));
  assert.deepEqual(await keys(["revoke", id]), { status: 0, out: `Key ${id} is revoked.`, problem: "" });
  assert.equal(await ask(), 401);
});

test("what cannot be done is said, with the exit status", async () => {
  const scope = await keys(["create", "x", "--scopes", "root"]);
  assert.equal(scope.status, 1);
  assert.match(scope.problem, /^hearth keys: 422: scopes\.0 /);
  const unknown = await keys(["revoke", "nobody"]);
  assert.deepEqual([unknown.status, unknown.problem], [1, "hearth keys: 404: Key not found"]);
  const wrong = await keys(["list", "--server", server.url], { API_KEY: "wrong" });
  assert.equal(wrong.status, 1);
  assert.match(wrong.problem, /refuses this key; set API_KEY/);
  const nowhere = await keys(["list", "--server", "http://127.0.0.1:9"]);
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.problem, /^hearth keys: no answer from http:\/\/127\.0\.0\.1:9: /);
  assert.equal((await keys(["create"])).status, 2);
});
