import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { type AssetsUnderTest, type Message, openAssets } from "../test-support.ts";
import type { DownloadRequest } from "./downloads.ts";

async function served(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function downloaded(
  under: AssetsUnderTest,
  url: string,
  more: Partial<DownloadRequest> = {},
): Promise<Message["data"]> {
  const request = { url, name: undefined, tags: ["input"], hash: undefined, viewer: "", ...more };
  const { task_id: id } = under.assets.downloads.add(request);
  const { data } = await under.heard(
    ({ type, data }) =>
      type === "asset_download" &&
      data["task_id"] === id &&
      (data["status"] === "completed" || data["status"] === "failed"),
  );
  return data;
}

test("a file is fetched and becomes an asset; redirects are followed", async (t) => {
  const under = await openAssets(t, { allowPrivateDownloads: true });
  const url = await served(t, (request, response) => {
    if (request.url === "/moved") return response.writeHead(302, { location: "/models/a%20b.txt" }).end();
    response.writeHead(200, { "content-type": "text/plain" });
    return response.end("x".repeat(100_000));
  });
  const data = await downloaded(under, `${url}/moved`, { tags: ["input", "fetched"], name: "mine.txt" });
  assert.equal(data["status"], "completed");
  assert.equal(data["asset_name"], "mine.txt");
  assert.equal(data["bytes_total"], 100_000);
  assert.equal(data["progress"], 1);
  const asset = await under.assets.catalogue.get(String(data["asset_id"]), "");
  assert.deepEqual(asset?.tags, ["fetched", "input", "uploaded"]);
  assert.equal(readFileSync(asset?.file?.path ?? "", "utf8").length, 100_000);
  assert.deepEqual(under.assets.downloads.get(String(data["task_id"]), ""), data);
  assert.equal(under.assets.downloads.get(String(data["task_id"]), "other"), undefined);
});

test("a connection that breaks is taken up again where it broke", async (t) => {
  const under = await openAssets(t, { allowPrivateDownloads: true });
  const body = Buffer.alloc(300_000, 7);
  const ranges: (string | undefined)[] = [];
  const folder = path.join(under.folders.studio, "asset-downloads");
  /** What a connection has not handed over when it breaks is lost. */
  const arrived = async (bytes: number): Promise<void> => {
    while (!readdirSync(folder).some((name) => statSync(path.join(folder, name)).size >= bytes)) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const url = await served(t, (request, response) => {
    ranges.push(request.headers.range);
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const headers = { etag: '"v1"', "content-length": body.length - from };
    if (from > 0) assert.equal(request.headers["if-range"], '"v1"');
    response.writeHead(from === 0 ? 200 : 206, {
      ...headers,
      ...(from === 0 ? {} : { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` }),
    });
    if (from > 0) response.end(body.subarray(from));
    else
      response.write(body.subarray(0, 100_000), () => void arrived(100_000).then(() => response.destroy()));
  });
  const data = await downloaded(under, `${url}/big.bin`);
  assert.equal(data["error"], undefined);
  assert.equal(data["bytes_downloaded"], body.length);
  assert.equal(ranges.length, 2);
  const asset = await under.assets.catalogue.get(String(data["asset_id"]), "");
  assert.ok(readFileSync(asset?.file?.path ?? "").equals(body));
});

test("what fails says why, and leaves nothing", async (t) => {
  const under = await openAssets(t, {
    allowPrivateDownloads: true,
    maxDownloadBytes: 1_000,
    downloadIdleMs: 100,
  });
  const url = await served(t, (request, response) => {
    switch (request.url) {
      case "/declared":
        return response.writeHead(200, { "content-length": 5_000 }).end("x".repeat(5_000));
      case "/endless":
        return response.writeHead(200).end("x".repeat(5_000));
      case "/silent":
        return undefined;
      case "/loop":
        return response.writeHead(302, { location: "/loop" }).end();
      case "/file":
        return response.writeHead(302, { location: "file:///etc/passwd" }).end();
      case "/small":
        return response.end("small");
      default:
        return response.writeHead(404).end();
    }
  });
  const reason = async (place: string, more: Partial<DownloadRequest> = {}): Promise<string> => {
    const data = await downloaded(under, url + place, more);
    assert.equal(data["status"], "failed", place);
    return String(data["error"]);
  };
  assert.match(await reason("/declared"), /larger than the limit/);
  assert.match(await reason("/endless"), /larger than the limit/);
  assert.match(await reason("/silent"), /ETIMEDOUT/);
  assert.match(await reason("/loop"), /redirects/);
  assert.match(await reason("/file"), /http or https/);
  assert.match(await reason("/absent"), /answered 404/);
  assert.match(await reason("/small", { hash: `blake3:${"0".repeat(64)}` }), /hash does not match/);
  assert.deepEqual(readdirSync(path.join(under.folders.studio, "asset-downloads")), []);
  assert.deepEqual(readdirSync(under.folders.input), []);
});

test("private addresses are refused at once, also behind a redirect or a name", async (t) => {
  const under = await openAssets(t);
  let asked = 0;
  const url = await served(t, (_request, response) => {
    asked += 1;
    response.end("secret");
  });
  const request = { name: undefined, tags: ["input"], hash: undefined, viewer: "" };
  assert.throws(() => under.assets.downloads.add({ ...request, url }), { code: "PRIVATE_ADDRESS" });
  const data = await downloaded(under, url.replace("127.0.0.1", "localhost"));
  assert.match(String(data["error"]), /private address/);
  assert.equal(asked, 0);
  assert.throws(() => under.assets.downloads.add({ ...request, url: "https://example.com/x", tags: [] }), {
    code: "INVALID_BODY",
  });
});
