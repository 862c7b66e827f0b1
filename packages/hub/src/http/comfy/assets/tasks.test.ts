import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { send, startAssetServer, upload } from "./test-server.ts";

const UNKNOWN = "00000000-0000-4000-8000-000000000001";

test("an export is begun, followed and fetched", async (t) => {
  const server = await startAssetServer(t);
  const { body: one } = await upload(server, "one", { tags: "input" }, "one.txt");
  server.write("output/two.txt", "two");
  await server.assets.registerOutputs("job-1", [{ type: "output", subfolder: "", filename: "two.txt" }]);
  const begun = await send(server, "POST", "/api/assets/export", {
    asset_ids: [one["id"], one["id"]],
    job_ids: ["job-1"],
    name: "my export",
  });
  assert.equal(begun.status, 202);
  assert.equal(begun.body["assets_total"], 2);
  const task = `/api/assets/export/${begun.body["task_id"]}`;
  await server.heard(({ type, data }) => type === "asset_export" && data["status"] === "completed");
  const { body: done } = await send(server, "GET", task);
  assert.equal(done["status"], "completed");
  assert.equal(done["download_url"], `${task}/content`);
  const file = await fetch(server.url + String(done["download_url"]));
  assert.equal(file.headers.get("content-type"), "application/zip");
  assert.equal(file.headers.get("content-disposition"), "attachment; filename*=UTF-8''my%20export.zip");
  const bytes = Buffer.from(await file.arrayBuffer());
  assert.equal(bytes.toString("latin1", 0, 2), "PK");
  assert.ok(bytes.includes("one.txt") && bytes.includes("two.txt"));
});

test("an export of nothing, of unknown assets, and unknown tasks", async (t) => {
  const server = await startAssetServer(t);
  const post = async (body: unknown): Promise<[number, string]> => {
    const answer = await send(server, "POST", "/api/assets/export", body);
    return [answer.status, (answer.body["error"] as { code: string }).code];
  };
  for (const body of [
    {},
    [],
    { asset_ids: [] },
    { asset_ids: "x" },
    { asset_ids: ["x"] },
    { job_ids: [5] },
  ]) {
    assert.deepEqual(await post(body), [400, "INVALID_BODY"], JSON.stringify(body));
  }
  assert.deepEqual(await post({ asset_ids: [UNKNOWN] }), [404, "ASSET_NOT_FOUND"]);
  assert.deepEqual(await post({ job_ids: ["nobody's"] }), [404, "ASSET_NOT_FOUND"]);
  for (const path of [`export/${UNKNOWN}`, `export/${UNKNOWN}/content`, `download/${UNKNOWN}`, "export/.."]) {
    assert.equal((await send(server, "GET", `/api/assets/${path}`)).status, 404, path);
  }
});

test("a download becomes an asset; addresses of this network are refused", async (t) => {
  const source = http.createServer((_request, response) => response.end("fetched"));
  await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
  t.after(() => source.close());
  const url = `http://127.0.0.1:${(source.address() as AddressInfo).port}/x.txt`;
  const open = await startAssetServer(t, { allowPrivateDownloads: true });
  const begun = await send(open, "POST", "/api/assets/download", { url, tags: ["input"] });
  assert.equal(begun.status, 202);
  await open.heard(({ type, data }) => type === "asset_download" && data["status"] === "completed");
  const { body } = await send(open, "GET", `/api/assets/download/${begun.body["task_id"]}`);
  assert.equal(body["asset_name"], "x.txt");
  assert.equal((await send(open, "GET", `/api/assets/${body["asset_id"]}`)).status, 200);

  const closed = await startAssetServer(t);
  const post = async (given: unknown): Promise<[number, string]> => {
    const answer = await send(closed, "POST", "/api/assets/download", given);
    return [answer.status, (answer.body["error"] as { code: string }).code];
  };
  assert.deepEqual(await post({ url, tags: ["input"] }), [400, "PRIVATE_ADDRESS"]);
  assert.deepEqual(await post({ url: "file:///etc/passwd", tags: ["input"] }), [400, "INVALID_URL"]);
  assert.deepEqual(await post({ url: "https://example.com/x" }), [400, "INVALID_BODY"]);
  assert.deepEqual(await post({ tags: ["input"] }), [400, "INVALID_BODY"]);
  assert.deepEqual(await post({ url: 5 }), [400, "INVALID_BODY"]);
});

test("scans: begun, waited for, refused while one runs, cancelled", async (t) => {
  const server = await startAssetServer(t);
  server.write("input/a.txt", "a");
  const post = (path: string, body?: unknown) => send(server, "POST", `/api/assets/${path}`, body);
  assert.deepEqual((await send(server, "GET", "/api/assets/seed/status")).body, {
    state: "IDLE",
    progress: null,
    errors: [],
  });
  const waited = await post("seed?wait=YES", { roots: ["input", "nowhere", "input"] });
  assert.equal(waited.status, 200);
  assert.deepEqual(waited.body, {
    status: "completed",
    progress: { scanned: 2, total: 2, created: 1, skipped: 0 },
    errors: [],
  });
  server.assets.setBusy(true);
  assert.deepEqual(await post("seed", "no JSON"), { status: 202, body: { status: "started" } });
  assert.deepEqual(await post("seed"), { status: 409, body: { status: "already_running" } });
  assert.equal((await post("seed?wait=true")).status, 409);
  assert.deepEqual(await post("prune"), { status: 409, body: { status: "scan_running", marked: 0 } });
  await server.heard(({ type }) => type === "assets.seed.paused");
  assert.equal((await send(server, "GET", "/api/assets/seed/status")).body["state"], "PAUSED");
  assert.deepEqual((await post("seed/cancel")).body, { status: "cancelling" });
  await server.heard(({ type }) => type === "assets.seed.cancelled");
  assert.deepEqual((await post("seed/cancel")).body, { status: "idle" });
  assert.deepEqual((await post("prune")).body, { status: "completed", marked: 0 });
  const none = await post("seed", { roots: ["nowhere", 5, "../input"] });
  assert.equal(none.status, 400);
  assert.equal((none.body["error"] as { message: string }).message, "No valid roots specified");
});
