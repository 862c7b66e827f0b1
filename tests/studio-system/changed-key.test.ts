/** A key that was changed at run time, and the next start. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { PROJECT, TestServer, until } from "../support/server.ts";

const run = promisify(execFile);

test("S-109 a changed API_KEY holds at the next start too, and the old one stays refused", async (t) => {
  const server = await TestServer.start();
  t.after(() => server.stop());
  const file = path.join(server.base, "studio/api-key");
  const kept = (): string => readFileSync(file, "utf8").trim();
  const first = kept();
  const status = async (key: string): Promise<number> =>
    (await fetch(`${server.url}/api/admin/queue`, { headers: { "x-api-key": key } })).status;
  /** `hearth keys list`, with this key in the environment of the terminal */
  const listed = async (key = ""): Promise<string> => {
    const { stdout } = await run(process.execPath, [path.join(PROJECT, "bin/hearth.js"), "keys", "list"], {
      env: { ...process.env, HEARTH_HOME: server.base, API_KEY: key },
    });
    return stdout.trim();
  };
  const changed = await fetch(`${server.url}/api/admin/settings/env`, {
    method: "PUT",
    headers: { "x-api-key": first },
    body: JSON.stringify({ key: "API_KEY", value: "another-key" }),
  });
  assert.equal(changed.status, 200);
  assert.deepEqual([await status(first), await status("another-key")], [401, 200]);
  assert.deepEqual([kept(), statSync(file).mode & 0o777], ["another-key", 0o600]);
  assert.equal(await listed(), "There are no named keys.");
  assert.equal(await listed(first), "There are no named keys.", "a terminal that still has the old key");
  await server.terminate();

  // As if the hub had died before it wrote the file.
  writeFileSync(file, `${first}\n`);
  await server.launch();
  assert.deepEqual([await status(first), await status("another-key")], [401, 200]);
  assert.equal(kept(), "another-key");
  assert.equal(await listed(), "There are no named keys.");
  await server.terminate();

  rmSync(file);
  server.output = "";
  await server.launch();
  const line = await until("the sign-in line", () => /login#key=(\S+)/.exec(server.output)?.[1]);
  assert.equal(line, "another-key");
  const session = await fetch(`${server.url}/api/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ api_key: line }),
  });
  assert.equal(session.status, 200);
});
