/** `/link` of a real server: what is open to this machine does not open it, and its keys open nothing else. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { TestServer } from "../support/server.ts";

let server: TestServer;
let master: string;
let worker: string;

before(async () => {
  server = await TestServer.start(["--no-native"]);
  master = readFileSync(path.join(server.base, "studio/api-key"), "utf8").trim();
  const made = await fetch(`${server.url}/api/admin/keys`, {
    method: "POST",
    headers: { "x-api-key": master, "content-type": "application/json" },
    body: JSON.stringify({ name: "far", scopes: ["worker"] }),
  });
  worker = ((await made.json()) as { key: string }).key;
});

after(() => server.stop());

/** Status of the answer to an upgrade; 101 when it was taken. */
async function upgrade(target: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(server.url.replace("http", "ws") + target, { headers });
  socket.on("error", () => undefined);
  const opened = once(socket, "open").then(
    () => 101,
    () => 0,
  );
  const refused = new Promise<number>((resolve) => {
    socket.once("unexpected-response", (_request, response: http.IncomingMessage) =>
      resolve(response.statusCode ?? 0),
    );
  });
  const status = await Promise.race([opened, refused]);
  socket.terminate();
  return status;
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

test("nobody on this machine links without a key, and no page of another site does at all", async () => {
  for (const target of ["/link", "/link/tunnels/x", "/link/", "/%6cink", "/link?token=" + master]) {
    assert.equal(await upgrade(target), 401, target);
  }
  assert.equal(await upgrade("/link", { origin: "https://evil.example", ...bearer(worker) }), 403);
  assert.equal(await upgrade("/link", { "sec-fetch-site": "cross-site", ...bearer(worker) }), 403);
  assert.equal(await upgrade("/link", bearer(worker)), 101);
  assert.equal(await upgrade("/link/tunnels/x", bearer(worker)), 404);
  const files = `${server.url}/link/files/input/x`;
  assert.equal((await fetch(files)).status, 401);
  assert.equal((await fetch(files, { headers: { cookie: "session=1", "x-api-key": master } })).status, 401);
  assert.equal(
    (await fetch(files, { headers: { origin: "https://evil.example", ...bearer(worker) } })).status,
    403,
  );
  assert.equal((await fetch(files, { headers: bearer(worker) })).status, 404);
  assert.equal((await fetch(files, { method: "OPTIONS" })).status, 401, "it answers no preflight");
});

test("a key that may link may do nothing else", async () => {
  for (const target of [
    "/queue",
    "/object_info",
    "/api/admin/settings",
    "/api/admin/keys",
    "/v1/jobs",
    "/view?filename=x",
  ]) {
    const { status } = await fetch(server.url + target, { headers: bearer(worker) });
    assert.ok(status === 403 || (target.startsWith("/v1") && status === 404), `${target}: ${status}`);
  }
  const post = await fetch(`${server.url}/prompt`, { method: "POST", headers: bearer(worker), body: "{}" });
  assert.equal(post.status, 403);
  assert.equal(await upgrade("/ws", bearer(worker)), 403);
});
