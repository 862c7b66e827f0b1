import assert from "node:assert/strict";
import os from "node:os";
import { type TestContext, test } from "node:test";
import { sendJson } from "./answers.ts";
import type { HttpOptions } from "./options.ts";
import { rawRequest, startServer } from "./test-server.ts";
import { twin } from "./twin.ts";

type Status = (headers: Record<string, string>, method?: string, target?: string) => Promise<number>;

async function asker(t: TestContext, options: Partial<HttpOptions> = {}): Promise<Status> {
  const { port } = await startServer(t, options, (app) => {
    twin(app, "GET", "/thing", (_request, reply) => sendJson(reply, {}));
    twin(app, "POST", "/thing", (_request, reply) => sendJson(reply, {}));
  });
  return async (headers, method = "GET", target = "/thing") =>
    (await rawRequest(port, method, target, headers)).status;
}

test("this machine needs no key", async (t) => {
  const status = await asker(t);
  for (const host of [
    "127.0.0.1",
    "localhost:8188",
    "LOCALHOST",
    "app.localhost",
    "[::1]:8188",
    os.hostname(),
  ]) {
    assert.equal(await status({ host }), 200, host);
  }
});

test("a name that somebody else may own needs the key: it may have been rebound", async (t) => {
  const status = await asker(t);
  const host = "evil.example:8188";
  assert.equal(await status({ host }), 401);
  assert.equal(await status({ host, origin: "http://evil.example:8188" }), 401);
  assert.equal(await status({ host }, "POST"), 401);
  assert.equal(await status({ host, origin: "http://other.example" }, "POST"), 401);
  // The browser keeps this answer from the page that asked.
  assert.equal(await status({ host, origin: "http://other.example" }), 200);
  assert.equal(await status({ host, "x-api-key": "secret-key" }, "POST"), 200);
});

test("what a proxy hands on needs the key", async (t) => {
  const status = await asker(t);
  const forwarded = { "x-forwarded-for": "203.0.113.5" };
  assert.equal(await status(forwarded), 401);
  assert.equal(await status({ ...forwarded, authorization: "Bearer secret-key" }), 200);
});

test("the key is taken in four ways", async (t) => {
  const status = await asker(t);
  const host = "hearth.example";
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString("base64")}`;
  assert.equal(await status({ host, "x-api-key": "secret-key" }), 200);
  assert.equal(await status({ host, authorization: "bearer secret-key" }), 200);
  assert.equal(await status({ host, authorization: basic("me:secret-key") }), 200);
  assert.equal(await status({ host }, "GET", "/thing?token=secret-key"), 200);
  assert.equal(await status({ host }, "POST", "/thing?token=secret-key"), 401);
  assert.equal(await status({ host, "x-api-key": "secret-kez" }), 401);
  assert.equal(await status({ host, authorization: "Bearer" }), 401);
  assert.equal(await status({ host, authorization: basic("secret-key") }), 200);
});

test("without a key nobody from elsewhere gets in, and --allow-anonymous lets everybody in", async (t) => {
  const closed = await asker(t, { auth: { allowAnonymous: false, sessionSecret: "s" } });
  assert.equal(await closed({ host: "hearth.example", "x-api-key": "" }), 401);
  const open = await asker(t, { auth: { allowAnonymous: true, sessionSecret: "s" } });
  assert.equal(await open({ host: "hearth.example" }), 200);
});
