/** A key that was changed at run time, and the next start. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { TestServer } from "../support/server.ts";

test("S-109 a changed API_KEY holds at the next start too, and the old one stays refused", async (t) => {
  const server = await TestServer.start();
  t.after(() => server.stop());
  const first = readFileSync(path.join(server.base, "studio/api-key"), "utf8").trim();
  const status = async (key: string): Promise<number> =>
    (await fetch(`${server.url}/api/admin/queue`, { headers: { "x-api-key": key } })).status;
  const changed = await fetch(`${server.url}/api/admin/settings/env`, {
    method: "PUT",
    headers: { "x-api-key": first },
    body: JSON.stringify({ key: "API_KEY", value: "another-key" }),
  });
  assert.equal(changed.status, 200);
  assert.deepEqual([await status(first), await status("another-key")], [401, 200]);
  await server.terminate();
  await server.launch();
  assert.deepEqual([await status(first), await status("another-key")], [401, 200]);
});
