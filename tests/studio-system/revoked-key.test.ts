/** What a key has opened ends when the key is revoked. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { WebSocket } from "ws";
import { ControlClient, PACKS, picture } from "../control/support.ts";
import { TestServer } from "../support/server.ts";

const SOON_MS = 1_000;

test("S-8 a revoked key loses its open sockets and streams within a second, and others keep theirs", async (t) => {
  const server = await TestServer.start(PACKS);
  t.after(() => server.stop());
  const admin =
    process.env["API_KEY"] ?? readFileSync(path.join(server.base, "studio/api-key"), "utf8").trim();
  const ask = (method: string, target: string, key: string, body?: object): Promise<Response> =>
    fetch(server.url + target, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const made = await ask("POST", "/api/admin/keys", admin, { name: "guest", scopes: ["run"] });
  const { id, key } = (await made.json()) as { id: string; key: string };
  const job = await new ControlClient(server.url, key).create(picture({ seconds: 60 }));

  /** When the stream or socket ended. */
  const stream = async (target: string, by: string): Promise<{ at: Promise<number> }> => {
    const response = await ask("GET", target, by);
    assert.equal(response.status, 200);
    const reader = response.body?.getReader();
    await reader?.read();
    const ended = async (): Promise<number> => {
      while ((await reader?.read())?.done === false);
      return performance.now();
    };
    return hold(ended());
  };
  const socket = async (target: string, by: string): Promise<{ at: Promise<number> }> => {
    const opened = new WebSocket(`${server.url.replace("http", "ws")}${target}?token=${by}`);
    await once(opened, "open");
    t.after(() => opened.terminate());
    return hold(once(opened, "close").then(() => performance.now()));
  };
  const open = async (by: string): Promise<Promise<number>[]> => [
    (await stream("/api/admin/models/status", by)).at,
    (await socket("/api/run/ws", by)).at,
    (await socket("/ws", by)).at,
  ];
  const theirs = [(await stream(`/v1/workflow/${job}/subscribe?push=1`, key)).at, ...(await open(key))];
  let isOver = false;
  void Promise.race(await open(admin)).then(() => (isOver = true));

  const revoked = performance.now();
  assert.equal((await ask("DELETE", `/api/admin/keys/${id}`, admin)).status, 200);
  for (const end of theirs) {
    const took = (await end) - revoked;
    assert.ok(took < SOON_MS, `after ${took} ms`);
  }
  assert.equal((await ask("GET", `/v1/workflow/${job}/subscribe`, key)).status, 401);
  assert.equal(isOver, false, "the other key's are open");
});

/** A promise that is waited for later, so not at once. */
function hold<T>(at: Promise<T>): { at: Promise<T> } {
  return { at };
}
