import assert from "node:assert/strict";
import { test } from "node:test";
import { rawRequest, startServer } from "../test-server.ts";

test("settings are merged, one or many, under any content type", async (t) => {
  const { port } = await startServer(t);
  const post = (target: string, body: string) =>
    rawRequest(port, "POST", target, { "content-type": "text/plain;charset=UTF-8" }, body);
  const done = await post("/settings", '{"a": 1, "b": {"x": 1}}');
  assert.equal(done.status, 200);
  assert.equal(done.headers["content-length"], "0");
  assert.equal(done.headers["content-type"], undefined);
  await post("/api/settings/Comfy.A%2FB", '"Größe"');
  await post("/settings", '{"b": {"y": 2.0}, "c": null}');
  const get = async (target: string): Promise<string> => (await rawRequest(port, "GET", target)).body;
  assert.equal(
    await get("/settings"),
    '{"a": 1, "b": {"y": 2.0}, "Comfy.A/B": "Gr\\u00f6\\u00dfe", "c": null}',
  );
  assert.equal(await get("/api/settings/Comfy.A%2FB"), '"Gr\\u00f6\\u00dfe"');
  assert.equal(await get("/settings/constructor"), "null");
});

test("many writes at once all count", async (t) => {
  const { port, url } = await startServer(t);
  const ids = Array.from({ length: 30 }, (_, index) => `id${index}`);
  await Promise.all(ids.map((id) => fetch(`${url}/settings/${id}`, { method: "POST", body: "true" })));
  const all = JSON.parse((await rawRequest(port, "GET", "/settings")).body) as object;
  assert.deepEqual(Object.keys(all).sort(), ids.sort());
});

test("what are no settings is refused and changes nothing", async (t) => {
  const { port } = await startServer(t);
  for (const [target, body] of [
    ["/settings", "[1]"],
    ["/settings", "5"],
    ["/settings", "{"],
    ["/settings/a", ""],
    ["/settings/a", "nope"],
  ] as const) {
    assert.equal((await rawRequest(port, "POST", target, {}, body)).status, 400, `${target} ${body}`);
  }
  assert.equal((await rawRequest(port, "GET", "/settings")).body, "{}");
  assert.equal((await rawRequest(port, "GET", "/settings/")).status, 404);
});
