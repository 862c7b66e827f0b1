/** Files of jobs over a link from another machine: the worker's end against the hub's. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { type InputFile, resolveFolders } from "@hearth/protocol";
import { startGateway, type TestGateway } from "../../packages/hub/src/link/test-gateway.ts";
import { hashOfFile } from "../../packages/worker/src/files/hash-file.ts";
import { LinkFiles } from "../../packages/worker/src/files/link-files.ts";

const input = (name: string): InputFile => ({ type: "input", name, size: 0, modifiedMs: 0 });

function linkFiles(t: TestContext, url: string, token: string, fileCacheBytes?: number): LinkFiles {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-files-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const folders = resolveFolders({ base });
  return new LinkFiles({
    hub: { url },
    token,
    folders,
    ...(fileCacheBytes === undefined ? {} : { fileCacheBytes }),
  });
}

async function hubAndKey(t: TestContext): Promise<TestGateway & { url: string; token: string }> {
  const hub = await startGateway(t);
  return { ...hub, url: `http://127.0.0.1:${hub.port}`, token: await hub.key("worker") };
}

/** A line to the hub that counts requests, and cuts connections after so many bytes of an answer. */
async function proxyTo(
  t: TestContext,
  port: number,
): Promise<{ url: string; requests: string[]; cutAfter: number[] }> {
  const requests: string[] = [];
  const cutAfter: number[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const hub = net.connect(port, "127.0.0.1");
    for (const socket of [client, hub]) {
      sockets.add(socket.on("error", () => undefined).on("close", () => sockets.delete(socket)));
    }
    let left = cutAfter.shift() ?? Number.POSITIVE_INFINITY;
    client.on("data", (chunk) => {
      const line = /^(?:GET|PUT) .*?(?=\r\n\r\n)/s.exec(chunk.toString("latin1"))?.[0];
      if (line !== undefined) requests.push(line);
      hub.write(chunk);
    });
    hub.on("data", (chunk: Buffer) => {
      client.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) {
        client.end();
        hub.destroy();
      }
    });
    client.on("end", () => hub.end());
    hub.on("end", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, requests, cutAfter };
}

test("an input comes over once, is asked for by its tag, and comes again when it is another", async (t) => {
  const { folders, port, token } = await hubAndKey(t);
  const proxy = await proxyTo(t, port);
  const files = linkFiles(t, proxy.url, token);
  const content = randomBytes(300_000);
  const file = path.join(folders.input, "ä b.png");
  writeFileSync(file, content);
  const first = await files.input(input("ä b.png"));
  assert.deepEqual(readFileSync(first.path), content);
  assert.equal(first.hash, await hashOfFile(file));
  assert.deepEqual(await files.input(input("ä b.png")), first);
  assert.match(proxy.requests[1] ?? "", /if-none-match: "/i);
  writeFileSync(file, "another");
  utimesSync(file, new Date(), new Date(Date.now() + 5_000));
  const second = await files.input(input("ä b.png"));
  assert.equal(readFileSync(second.path, "utf8"), "another");
  assert.equal(proxy.requests.length, 3);
});

test("a broken download goes on where it stopped", async (t) => {
  const { folders, port, token } = await hubAndKey(t);
  const proxy = await proxyTo(t, port);
  const files = linkFiles(t, proxy.url, token);
  const content = randomBytes(1_000_000);
  writeFileSync(path.join(folders.input, "big"), content);
  proxy.cutAfter.push(400_000, 300_000);
  const { path: local, hash } = await files.input(input("big"));
  assert.deepEqual(readFileSync(local), content);
  assert.equal(hash, await hashOfFile(local));
  const ranges = proxy.requests.map((text) => Number(/range: bytes=(\d+)-/i.exec(text)?.[1] ?? 0));
  assert.equal(ranges[0], 0);
  assert.ok((ranges[1] ?? 0) > 300_000 && (ranges[2] ?? 0) > 600_000, String(ranges));
});

test("what was fetched takes no more room than it may, the oldest used goes first", async (t) => {
  const { FileCache } = await import("../../packages/worker/src/files/file-cache.ts");
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-cache-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let now = Date.now();
  const cache = new FileCache(folder, 250, () => now);
  await cache.open();
  const keep = async (letter: string): Promise<void> => {
    const file = path.join(folder, "parts", letter);
    writeFileSync(file, letter.repeat(100));
    await cache.keep(`input/${letter}`, { tag: letter, hash: letter.repeat(64) }, file);
    now += 3_600_000;
  };
  await keep("a");
  await keep("b");
  await cache.use("a".repeat(64));
  now += 3_600_000;
  await keep("c");
  assert.equal(await cache.find("input/b"), undefined);
  assert.deepEqual(await cache.find("input/a"), { tag: "a", hash: "a".repeat(64) });
  // The next process knows the same.
  const next = new FileCache(folder, 250, () => now);
  await next.open();
  assert.deepEqual(await next.find("input/c"), { tag: "c", hash: "c".repeat(64) });
  assert.equal(await next.find("input/b"), undefined);
});

test("an output gets its name from the hub, and is kept once although its answer was lost", async (t) => {
  const { folders, port, token } = await hubAndKey(t);
  const proxy = await proxyTo(t, port);
  const files = linkFiles(t, proxy.url, token);
  const put = (text: string): Promise<unknown> =>
    files.output(
      { filename: "x_00001_.png", subfolder: "day 1", type: "output" },
      Readable.from([Buffer.from(text)]),
    );
  const folder = path.join(folders.output, "day 1");
  mkdirSync(folder);
  writeFileSync(path.join(folder, "x_00001_.png"), "of another");
  proxy.cutAfter.push(0);
  assert.deepEqual(await put("one"), { filename: "x_00002_.png", subfolder: "day 1", type: "output" });
  assert.equal(proxy.requests.length, 2);
  assert.deepEqual(await put("two"), { filename: "x_00003_.png", subfolder: "day 1", type: "output" });
  assert.deepEqual(readdirSync(folder), ["x_00001_.png", "x_00002_.png", "x_00003_.png"]);
});

test("what the hub refuses is said once, with its reason", async (t) => {
  const { url, token, key } = await hubAndKey(t);
  const files = linkFiles(t, url, token);
  await assert.rejects(
    files.input(input("none.png")),
    /fetching input\/none.png .*404: the hub has no file "none.png"/,
  );
  const large = Readable.from([Buffer.alloc(2 << 20)]);
  await assert.rejects(
    files.output({ filename: "x", subfolder: "", type: "output" }, large),
    /413: the file is larger/,
  );
  await assert.rejects(linkFiles(t, url, await key("read")).input(input("x")), /the hub answers 403/);
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

function raw(port: number, method: string, target: string, token?: string, body?: string): Promise<Answer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const sent = http.request(
      { port, host: "127.0.0.1", method, path: target, headers, agent: false },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

test("no key, no file; and no path leads out of the folders", async (t) => {
  const { folders, port, key, token } = await hubAndKey(t);
  writeFileSync(path.join(folders.base, "secret"), "secret");
  writeFileSync(path.join(folders.input, "in"), "content");
  symlinkSync(path.join(folders.base, "secret"), path.join(folders.input, "link"));
  const status = async (...request: Parameters<typeof raw> extends [number, ...infer Rest] ? Rest : never) =>
    (await raw(port, ...request)).status;
  assert.equal(await status("GET", "/link/files/input/in"), 401);
  assert.equal(await status("GET", "/link/files/input/in", "wrong"), 401);
  assert.equal(await status("GET", `/link/files/input/in?token=${token}`), 401);
  assert.equal(await status("GET", "/link/files/input/in", await key("run")), 403);
  assert.equal(await status("GET", "/link/files/input/in", token), 200);
  for (const target of [
    "/link/files/input/../secret",
    "/link/files/input/..%2Fsecret",
    "/link/files/input/%2e%2e/secret",
    "/link/files/input/link",
    "/link/files/output/../../../etc/passwd",
    "/link/files/input/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/link/files/input//etc/passwd",
    "/link/files/input/%00",
  ]) {
    const answer = await raw(port, "GET", target, token);
    assert.ok([403, 404].includes(answer.status), `${target}: ${answer.status}`);
    assert.ok(!answer.body.includes("secret\n") && !answer.body.includes("root:"), target);
  }
  for (const [target, expected] of [
    ["/link/files/studio/api-key", 404],
    ["/link/files/models/x", 404],
    ["/link/files/input", 404],
    ["/link/files/", 404],
    ["/link/files/input/folder/", 404],
    ["/link/other", 404],
  ] as const) {
    assert.equal(await status("GET", target, token), expected, target);
  }
  assert.equal(await status("PUT", "/link/files/input/new", token, "x"), 405);
  assert.equal(await status("DELETE", "/link/files/output/new", token), 405);
  assert.equal(await status("PUT", "/link/files/output/..%2F..%2Fnew", token, "x"), 403);
  assert.equal(await status("PUT", "/link/files/temp/ok", token, "x"), 200);
  assert.deepEqual(readdirSync(folders.input).sort(), ["in", "link"]);
  assert.deepEqual(readdirSync(folders.output), []);
});
