import assert from "node:assert/strict";
import { existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { registerAssets } from "./index.ts";
import { rawRequest, startServer } from "../../test-server.ts";
import { send, startAssetServer, upload } from "./test-server.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000001";

test("content is sent whole and in ranges, under the asset's name", async (t) => {
  const server = await startAssetServer(t);
  const { body } = await upload(server, "0123456789", { tags: "input", name: 'ü "x".txt' });
  const url = `${server.url}/api/assets/${body["id"]}/content`;
  const whole = await fetch(url);
  assert.equal(await whole.text(), "0123456789");
  assert.equal(whole.headers.get("content-disposition"), "attachment; filename*=UTF-8''%C3%BC%20%22x%22.txt");
  assert.equal(whole.headers.get("x-content-type-options"), "nosniff");
  const part = await fetch(`${url}?disposition=inline`, { headers: { range: "bytes=2-4" } });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), "234");
  assert.equal(part.headers.get("content-range"), "bytes 2-4/10");
  assert.match(part.headers.get("content-disposition") ?? "", /^inline; /);
  assert.equal((await fetch(url, { headers: { range: "bytes=99-" } })).status, 416);
  const again = await send(server, "GET", `/api/assets/${body["id"]}`);
  assert.ok(again.body["last_access_time"] > body["last_access_time"]);
});

test("nothing that a browser would run is sent as what it is", async (t) => {
  const server = await startAssetServer(t);
  for (const [name, type] of [
    ["x.html", undefined],
    ["x.svg", undefined],
    ["x.png", "text/html"],
    ["x.bin", "Text/HTML; charset=utf-8"],
    ["y.bin", "text/plain\r\nset-cookie: a=b"],
    ["z.bin", "ü"],
  ] as const) {
    const fields = { tags: "input", ...(type === undefined ? {} : { mime_type: type }) };
    const { body, status } = await upload(server, `${name}${type}`, fields, name);
    assert.equal(status, 201);
    const answer = await fetch(`${server.url}/api/assets/${body["id"]}/content?disposition=inline`);
    assert.equal(answer.headers.get("content-type"), "application/octet-stream", name);
    assert.equal(answer.headers.get("set-cookie"), null);
    await answer.arrayBuffer();
  }
});

test("a file that is gone or leads elsewhere is 404", async (t) => {
  const server = await startAssetServer(t);
  const { body } = await upload(server, "abc");
  const file = path.join(server.folders.input, String(body["loader_path"]));
  rmSync(file);
  const content = (): Promise<{ status: number; body: { error?: { code: string; message: string } } }> =>
    send(server, "GET", `/api/assets/${body["id"]}/content`);
  assert.deepEqual((await content()).body.error?.code, "FILE_NOT_FOUND");
  const secret = path.join(server.folders.base, "secret.txt");
  writeFileSync(secret, "secret");
  symlinkSync(secret, file);
  assert.equal((await content()).status, 404);
  rmSync(file);
  const unknown = await send(server, "GET", `/api/assets/${UNKNOWN}/content`);
  assert.deepEqual(unknown.body["error"], {
    code: "ASSET_NOT_FOUND",
    message: `AssetReference ${UNKNOWN} not found`,
    details: {},
  });
});

test("changing: name, metadata, preview; and what is wrong with a change", async (t) => {
  const server = await startAssetServer(t);
  const { body: one } = await upload(server, "one");
  const { body: other } = await upload(server, "other");
  const path = `/api/assets/${one["id"]}`;
  const put = (body: unknown) => send(server, "PUT", path, body);
  const changed = await put({
    name: "new",
    user_metadata: { a: 1, filename: "mine" },
    preview_id: String(other["id"]).toUpperCase(),
    more: 1,
  });
  assert.equal(changed.status, 200);
  assert.equal(changed.body["name"], "new");
  assert.deepEqual(changed.body["user_metadata"], { a: 1, filename: one["loader_path"] });
  assert.equal(changed.body["preview_id"], other["id"]);
  assert.equal(changed.body["preview_url"], other["preview_url"]);
  const kept = await send(server, "PUT", `/api/assets/${String(one["id"]).toUpperCase()}`, { name: "newer" });
  assert.deepEqual(kept.body["user_metadata"], changed.body["user_metadata"]);
  for (const body of [
    {},
    [],
    null,
    5,
    { name: null },
    { name: 5 },
    { name: "x".repeat(513) },
    { user_metadata: "x" },
    { preview_id: "x" },
  ]) {
    const { status, body: answer } = await put(body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal((answer["error"] as { code: string }).code, "INVALID_BODY");
  }
  assert.equal((await put("{")).status, 400);
  assert.equal((await put({ preview_id: UNKNOWN })).status, 404);
  assert.equal((await send(server, "PUT", `/api/assets/${UNKNOWN}`, { name: "x" })).status, 404);
  const empty = await put({});
  assert.match(JSON.stringify(empty.body), /Provide at least one of: name, user_metadata, preview_id\./);
});

test("deleting keeps the file unless its content is to go, and never what another asset needs", async (t) => {
  const server = await startAssetServer(t);
  const { body: one } = await upload(server, "abc");
  const { body: same } = await upload(server, "abc");
  const file = path.join(server.folders.input, String(one["loader_path"]));
  const remove = async (id: unknown, query = ""): Promise<number> =>
    (await send(server, "DELETE", `/api/assets/${String(id)}${query}`)).status;
  assert.equal(await remove(one["id"], "?delete_content=true"), 204);
  assert.equal(await remove(one["id"]), 404);
  assert.ok(existsSync(file), "the other asset has the same content");
  assert.equal((await fetch(`${server.url}/api/assets/${same["id"]}/content`)).status, 200);
  assert.equal(await remove(same["id"], "?delete_content=true"), 204);
  assert.ok(!existsSync(file));
  const { body: soft } = await upload(server, "soft");
  assert.equal(await remove(soft["id"], "?delete_content=false"), 204);
  assert.ok(existsSync(path.join(server.folders.input, String(soft["loader_path"]))));
  assert.equal((await upload(server, "soft")).status, 200, "its content can still be used");
});

test("tags are trimmed, added once, removed; bad bodies are refused in words", async (t) => {
  const server = await startAssetServer(t);
  const { body } = await upload(server, "abc");
  const tags = `/api/assets/${body["id"]}/tags`;
  assert.deepEqual((await send(server, "POST", tags, { tags: [" a ", "input", "a", "B", "../x"] })).body, {
    added: ["../x", "B", "a"],
    already_present: ["input"],
    total_tags: ["../x", "B", "a", "input", "uploaded"],
  });
  assert.deepEqual((await send(server, "DELETE", tags, { tags: ["input", "zz"] })).body, {
    removed: ["input"],
    not_present: ["zz"],
    total_tags: ["../x", "B", "a", "uploaded"],
  });
  for (const [method, message] of [
    ["POST", "Invalid JSON body for tags add."],
    ["DELETE", "Invalid JSON body for tags remove."],
  ] as const) {
    for (const bad of [{}, { tags: [] }, { tags: "x" }, { tags: [1] }, { tags: null }, [], "5"]) {
      const { status, body: answer } = await send(server, method, tags, bad);
      const error = answer["error"] as { code: string; message: string; details: { errors: unknown[] } };
      assert.deepEqual([status, error.code, error.message], [400, "INVALID_BODY", message]);
      assert.equal(error.details.errors.length, 1, JSON.stringify(bad));
    }
    assert.equal((await send(server, method, tags, "{")).status, 400);
    const unknown = await send(server, method, `/api/assets/${UNKNOWN}/tags`, { tags: ["x"] });
    assert.equal(unknown.status, 404);
  }
});

test("what is no id is no path", async (t) => {
  const { port } = await startAssetServer(t);
  const raw = (method: string, path: string) => rawRequest(port, method, path);
  for (const id of ["x", "..%2F..%2Fetc", "from-hash", `${UNKNOWN}x`, "%00"]) {
    const answer = await raw("GET", `/api/assets/${id}`);
    assert.equal(answer.status, 404, id);
    assert.equal(answer.headers["content-type"], "application/octet-stream");
  }
  assert.equal((await raw("DELETE", "/api/assets/x")).status, 405);
  assert.equal((await raw("GET", `/api/assets/${UNKNOWN}`)).status, 404);
  assert.equal((await raw("GET", `/assets`)).status, 404, "only under the prefix");
});

test("without the system every operation says so", async (t) => {
  const { port } = await startServer(t, {}, (app) => {
    registerAssets(app, { assets: undefined, uploadDirectory: "/nowhere", maxUploadBytes: 1_000 });
  });
  for (const [method, path] of [
    ["GET", "/api/assets"],
    ["POST", "/api/assets"],
    ["POST", "/api/assets/from-hash"],
    ["GET", `/api/assets/${UNKNOWN}`],
    ["PUT", `/api/assets/${UNKNOWN}`],
    ["DELETE", `/api/assets/${UNKNOWN}`],
    ["GET", `/api/assets/${UNKNOWN}/content`],
    ["POST", `/api/assets/${UNKNOWN}/tags`],
    ["DELETE", `/api/assets/${UNKNOWN}/tags`],
    ["GET", "/api/assets/tags/refine"],
    ["GET", "/api/tags"],
    ["POST", "/api/assets/seed"],
    ["GET", "/api/assets/seed/status"],
    ["POST", "/api/assets/seed/cancel"],
    ["POST", "/api/assets/prune"],
    ["POST", "/api/assets/export"],
    ["POST", "/api/assets/download"],
  ] as const) {
    const answer = await rawRequest(port, method, path, {}, method === "GET" ? "" : "{}");
    assert.equal(answer.status, 503, path);
    const { error } = JSON.parse(answer.body) as { error: { code: string } };
    assert.equal(error.code, "SERVICE_DISABLED");
  }
  assert.equal((await rawRequest(port, "HEAD", "/api/assets/hash/x")).status, 503);
});
