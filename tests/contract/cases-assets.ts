/** `/api/assets`, `/api/tags`. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { until } from "../support/server.ts";
import { TOO_LARGE } from "./cases-files.ts";
import type { Session } from "./session.ts";
import type { Shared } from "./servers.ts";
import { form, type Part, png } from "./uploads.ts";

interface Asset {
  readonly id: string;
  readonly hash: string;
  readonly created_new: boolean;
}

const UNKNOWN_HASH = `blake3:${"0".repeat(64)}`;

function upload(content: string | Buffer, ...more: readonly Part[]): ReturnType<typeof form> {
  return form([
    { name: "tags", content: "input,contract" },
    { name: "file", filename: "a.png", content },
    ...more,
  ]);
}

async function added(session: Session, content: Buffer, ...more: readonly Part[]): Promise<Asset> {
  return session.json<Asset>("uploadAsset", 201, upload(content, ...more));
}

async function untilIdle(session: Session): Promise<void> {
  await until("an idle scanner", async () => {
    const { state } = await session.json<{ state: string }>("getScan", 200);
    return state === "IDLE" ? true : undefined;
  });
}

export function testAssets(shared: Shared): void {
  test("assets are uploaded, found, changed and deleted", async () => {
    const { main } = shared();
    const picture = png(5, 7, [1, 2, 3, 255]);
    const asset = await added(main, picture, { name: "user_metadata", content: '{"rating": 5}' });
    const again = await main.json<Asset>("uploadAsset", 200, upload(picture));
    assert.deepEqual([asset.created_new, again.created_new, again.hash], [true, false, asset.hash]);
    await main.call("checkHash", 200, { path: { hash: asset.hash } });
    await main.call("checkHash", 404, { path: { hash: UNKNOWN_HASH } });
    await main.call("checkHash", 400, { path: { hash: "md5:0" } });
    const third = await main.json<Asset>("addAssetOfHash", 201, {
      json: { hash: asset.hash, name: "third", tags: ["x"] },
    });

    const path = { id: asset.id };
    await main.call("getAsset", 200, { path });
    await main.call("changeAsset", 200, { path, json: { name: "new name", preview_id: third.id } });
    await main.call("addTags", 200, { path, json: { tags: ["green", "contract"] } });
    await main.call("removeTags", 200, { path, json: { tags: ["green", "grey"] } });
    const whole = await main.call("readAsset", 200, { path });
    assert.deepEqual(whole.body, picture);
    await main.call("readAsset", 206, { path, headers: { Range: "bytes=0-3" } });
    await main.call("readAsset", 416, { path, headers: { Range: "bytes=99999-" } });
    await main.call("readAsset", 304, { path, headers: { "If-None-Match": whole.header("etag") ?? "" } });

    type Page = { assets: Asset[]; total: number; next_cursor?: string };
    const filter = { tags_all: "contract", metadata_filter: '{"rating": 5}' };
    assert.equal((await main.json<Page>("listAssets", 200, { query: filter })).total, 1);
    const first = await main.json<Page>("listAssets", 200, {
      query: { limit: "1", sort: "name", order: "asc" },
    });
    const after = first.next_cursor ?? "";
    await main.call("listAssets", 200, { query: { limit: "1", sort: "name", order: "asc", after } });
    await main.call("listAssets", 400, { query: { sort: "size", after } });
    await main.call("listAssets", 400, { query: "include_tags=a&tags_all=b" });
    await main.call("listTags", 200, { query: { prefix: "con", include_zero: "false" } });
    await main.call("listTags", 400, { query: { limit: "0" } });
    await main.call("refineTags", 200, { query: { include_tags: "contract" } });
    await main.call("refineTags", 400, { query: { metadata_filter: "[" } });

    await main.call("deleteAsset", 204, { path: { id: third.id }, query: { delete_content: "true" } });
    await main.call("deleteAsset", 404, { path: { id: third.id } });
    for (const id of ["getAsset", "readAsset"]) await main.call(id, 404, { path: { id: third.id } });
    await main.call("changeAsset", 404, { path: { id: third.id }, json: { name: "x" } });
    for (const id of ["addTags", "removeTags"])
      await main.call(id, 404, { path: { id: third.id }, json: { tags: ["x"] } });
  });

  test("what is no asset, no body and no id is refused", async () => {
    const { main } = shared();
    const asset = await added(main, png(6, 6, [9, 9, 9, 255]));
    const path = { id: asset.id };
    const noId = { path: { id: "first" }, json: { tags: ["x"], name: "x" } };
    for (const id of ["getAsset", "readAsset"]) await main.call(id, 404, { path: noId.path });
    for (const id of ["changeAsset", "deleteAsset", "addTags", "removeTags"]) await main.call(id, 405, noId);
    for (const id of ["addTags", "removeTags"]) {
      await main.call(id, 400, { path, json: { tags: [] } });
      await main.call(id, 400, { path, body: "{" });
    }
    await main.call("changeAsset", 400, { path, json: {} });
    await main.call("addAssetOfHash", 400, { json: { name: "x" } });
    await main.call("addAssetOfHash", 404, { json: { hash: UNKNOWN_HASH } });
    await main.call("uploadAsset", 400, form([{ name: "tags", content: "input" }]));
    await main.call("uploadAsset", 400, upload("x", { name: "id", content: "mine" }));
    await main.call("uploadAsset", 404, upload("y", { name: "preview_id", content: randomUUID() }));
    await main.call("uploadAsset", 413, upload(TOO_LARGE));
    await main.call("uploadAsset", 415, { json: {} });
  });

  test("an asset of somebody else cannot be changed", async () => {
    const { many } = shared();
    const [ann, bob] = [
      await many.json<string>("addUser", 200, { json: { username: "asset ann" } }),
      await many.json<string>("addUser", 200, { json: { username: "asset bob" } }),
    ];
    const headers = { "Comfy-User": ann };
    const given = upload(png(3, 3, [7, 7, 7, 255]));
    const { response } = await many.send("uploadAsset", {
      ...given,
      headers: { ...given.headers, ...headers },
    });
    assert.equal(response.status, 201);
    const { id } = JSON.parse(response.body.toString()) as Asset;
    await many.call("getAsset", 200, { path: { id }, headers });
    const theirs = { path: { id }, headers: { "Comfy-User": bob } };
    await many.call("getAsset", 404, theirs);
    await many.call("changeAsset", 403, { ...theirs, json: { name: "mine" } });
    for (const operation of ["addTags", "removeTags"]) {
      await many.call(operation, 403, { ...theirs, json: { tags: ["mine"] } });
    }
  });

  test("scans begin, are watched and stopped", async () => {
    const { main } = shared();
    await untilIdle(main);
    await main.call("scanAssets", 200, { query: { wait: "true" }, json: { roots: ["input", "output"] } });
    await main.call("scanAssets", 400, { json: { roots: ["elsewhere"] } });
    await main.call("pruneAssets", 200);
    // Whoever asks while one runs is told so; the first of many begins it.
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        main.send(index % 2 === 0 ? "scanAssets" : "pruneAssets", { json: {} }),
      ),
    );
    const statuses = new Set(answers.map(({ response }) => response.status));
    assert.ok(statuses.has(202) && statuses.has(409), [...statuses].join());
    await main.call("cancelScan", 200);
    await untilIdle(main);
    assert.deepEqual(await main.json("cancelScan", 200), { status: "idle" });
  });

  test("archives are made, and files fetched", async () => {
    const { main } = shared();
    const asset = await added(main, png(9, 3, [4, 5, 6, 255]));
    const { task_id: task } = await main.json<{ task_id: string }>("exportAssets", 202, {
      json: { asset_ids: [asset.id] },
    });
    const path = { task };
    await until("the archive", async () => {
      const { status } = await main.json<{ status: string }>("getExport", 200, { path });
      return status === "completed" ? true : undefined;
    });
    const whole = await main.call("readExport", 200, { path });
    await main.call("readExport", 206, { path, headers: { Range: "bytes=0-3" } });
    await main.call("readExport", 416, { path, headers: { Range: "bytes=99999999-" } });
    await main.call("readExport", 304, { path, headers: { "If-None-Match": whole.header("etag") ?? "" } });
    await main.call("exportAssets", 400, { json: {} });
    await main.call("exportAssets", 404, { json: { asset_ids: [randomUUID()] } });
    for (const id of ["getExport", "readExport", "getDownload"])
      await main.call(id, 404, { path: { task: "none" } });

    const body = { url: `http://localhost:${main.server.port}/prompt`, tags: ["input"], name: "here.json" };
    const download = await main.json<{ task_id: string }>("downloadAsset", 202, { json: body });
    const { error } = await until("the download to be refused", async () => {
      const found = await main.json<{ status: string; error?: string }>("getDownload", 200, {
        path: { task: download.task_id },
      });
      return found.status === "failed" ? found : undefined;
    });
    assert.match(error ?? "", /private|not public|loopback/i);
    await main.call("downloadAsset", 400, { json: { ...body, url: "file:///etc/passwd" } });
  });

  test("without assets every operation says so", async () => {
    const { plain } = shared();
    const all = plain.findings.own.described.filter(
      ({ object }) => (object["tags"] as string[])[0] === "assets",
    );
    assert.ok(all.length > 15);
    for (const { id } of all) {
      const path = { id: randomUUID(), hash: UNKNOWN_HASH, task: "x" };
      await plain.call(id, 503, { path, json: {} });
    }
  });
}
