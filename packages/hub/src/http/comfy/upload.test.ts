import assert from "node:assert/strict";
import { once } from "node:events";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { removeStaleUploads } from "../../files/temporary.ts";
import { BOUNDARY, formBody, type FormPart, postForm, startServer, type TestServer } from "../test-server.ts";

const image = (content: string | Buffer, filename = "a.png"): FormPart => ({
  name: "image",
  filename,
  content,
});
const field = (name: string, content: string): FormPart => ({ name, content });

async function uploaded(server: TestServer, ...parts: FormPart[]): Promise<unknown> {
  const answer = await postForm(`${server.url}/upload/image`, parts);
  return answer.ok ? answer.json() : answer.status;
}

/** Names below a folder that uploads make or leave. */
function left(server: TestServer): string[] {
  return readdirSync(server.folders.input, { recursive: true }).map(String).sort();
}

test("a file arrives whole, and the same again is kept once", async (t) => {
  const server = await startServer(t);
  const expected = { name: "a.png", subfolder: "", type: "input" };
  assert.deepEqual(await uploaded(server, image("one")), expected);
  assert.deepEqual(await uploaded(server, image("one")), expected);
  assert.deepEqual(await uploaded(server, image("two")), { ...expected, name: "a (1).png" });
  assert.deepEqual(await uploaded(server, image("six")), { ...expected, name: "a (2).png" });
  assert.deepEqual(await uploaded(server, image("two")), { ...expected, name: "a (1).png" });
  assert.deepEqual(left(server), ["a (1).png", "a (2).png", "a.png"]);
  assert.deepEqual(await uploaded(server, image("new"), field("overwrite", "1")), expected);
  assert.equal(readFileSync(path.join(server.folders.input, "a.png"), "utf8"), "new");
});

test("fields may come after the file", async (t) => {
  const server = await startServer(t);
  const parts = [image("x", "größe ☃.txt"), field("type", "temp"), field("subfolder", "a/../b c")];
  assert.deepEqual(await uploaded(server, ...parts), {
    name: "größe ☃.txt",
    subfolder: "a/../b c",
    type: "temp",
  });
  assert.equal(readFileSync(path.join(server.folders.temp, "b c/größe ☃.txt"), "utf8"), "x");
  assert.deepEqual(left(server), []);
});

test("two uploads of one name at once both survive", async (t) => {
  const server = await startServer(t);
  const contents = Array.from({ length: 8 }, (_, index) => `content ${index}`);
  const answers = await Promise.all(contents.map((content) => uploaded(server, image(content))));
  const names = answers.map((answer) => (answer as { name: string }).name);
  assert.equal(new Set(names).size, 8);
  for (const [index, name] of names.entries()) {
    assert.equal(readFileSync(path.join(server.folders.input, name), "utf8"), contents[index]);
  }
});

test("names and folders that lead out are refused", async (t) => {
  const server = await startServer(t);
  const outside = path.join(server.folders.base, "elsewhere");
  mkdirSync(outside);
  symlinkSync(outside, path.join(server.folders.input, "link"));
  symlinkSync(path.join(outside, "target.png"), path.join(server.folders.input, "to-file.png"));
  const before = left(server);
  for (const name of [
    "../x.png",
    "/tmp/x.png",
    "a/../../x.png",
    "..",
    ".",
    "x/",
    "no-such/x.png",
    "link/x.png",
    "to-file.png",
    "x\0.png",
    `${"n".repeat(300)}.png`,
  ]) {
    assert.equal(
      await uploaded(server, image("x", name), field("overwrite", "true")),
      400,
      JSON.stringify(name),
    );
  }
  for (const folder of ["../out", "/tmp", "a/../../b", "link", "link/deeper", "x\0y"]) {
    assert.equal(await uploaded(server, image("x"), field("subfolder", folder)), 400, JSON.stringify(folder));
  }
  assert.deepEqual(left(server), before);
  assert.deepEqual(readdirSync(outside), []);
});

test("encoded dots are only a name", async (t) => {
  const server = await startServer(t);
  const answer = await uploaded(server, image("x", "%2e%2e%2fx.png"));
  assert.deepEqual(answer, { name: "%2e%2e%2fx.png", subfolder: "", type: "input" });
});

test("forms that say nothing useful are 400", async (t) => {
  const server = await startServer(t);
  assert.equal(await uploaded(server, field("image", "text")), 400);
  assert.equal(await uploaded(server, image("x", "")), 400);
  assert.equal(await uploaded(server, image("x"), field("type", "nowhere")), 400);
  assert.equal((await fetch(`${server.url}/upload/image`, { method: "POST" })).status, 400);
  assert.equal((await fetch(`${server.url}/upload/image`, { method: "POST", body: "{}" })).status, 400);
  const noBoundary = { "content-type": "multipart/form-data" };
  assert.equal(
    (await fetch(`${server.url}/upload/image`, { method: "POST", headers: noBoundary, body: "x" })).status,
    400,
  );
  assert.deepEqual(left(server), []);
});

test("beyond the limit is 413 and leaves nothing, declared or not", async (t) => {
  const server = await startServer(t, { maxUploadBytes: 100_000 });
  assert.equal(await uploaded(server, image(Buffer.alloc(2_000_000))), 413);
  const body = formBody([image(Buffer.alloc(2_000_000))]);
  const chunked = await fetch(`${server.url}/upload/image`, {
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
    body: new Blob([new Uint8Array(body)]).stream(),
    duplex: "half",
  } as RequestInit);
  assert.equal(chunked.status, 413);
  assert.deepEqual(left(server), []);
});

test("a form that is cut short is 400 and leaves nothing", async (t) => {
  const server = await startServer(t);
  const whole = formBody([image("some content")]);
  for (const length of [1, 30, whole.length - 50, whole.length - 10]) {
    const answer = await fetch(`${server.url}/upload/image`, {
      method: "POST",
      headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}` },
      body: new Uint8Array(whole.subarray(0, length)),
    });
    assert.equal(answer.status, 400, String(length));
  }
  assert.deepEqual(left(server), []);
});

test("a slow upload is not seen until it is whole; one that breaks off leaves nothing", async (t) => {
  const server = await startServer(t);
  const whole = formBody([image("slowly".repeat(10_000), "slow.png")]);
  const head = `POST /upload/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${whole.length}\r\n\r\n`;
  const socket = net.connect(server.port, "127.0.0.1");
  socket.on("error", () => socket.destroy());
  socket.write(head);
  socket.write(whole.subarray(0, 30_000));
  await until(t, () => left(server).length === 1);
  assert.match(left(server)[0] ?? "", /^\.upload-/);
  socket.destroy();
  await until(t, () => left(server).length === 0);

  const again = net.connect(server.port, "127.0.0.1");
  const answered = Promise.withResolvers<string>();
  again.on("data", (data) => answered.resolve(data.toString()));
  again.on("error", answered.reject);
  again.write(head);
  again.write(whole.subarray(0, 30_000));
  await until(t, () => left(server).length === 1);
  again.write(whole.subarray(30_000));
  assert.match(await answered.promise, /"name": "slow.png"/);
  again.destroy();
  assert.deepEqual(left(server), ["slow.png"]);
  assert.equal(statSync(path.join(server.folders.input, "slow.png")).size, 60_000);
});

test("an upload that stands still is given up and leaves nothing", async (t) => {
  const server = await startServer(t, { bodyIdleMs: 100 });
  const whole = formBody([image("x".repeat(1000))]);
  const socket = net.connect(server.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => socket.destroy());
  socket.resume();
  socket.write(
    `POST /upload/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${whole.length}\r\n\r\n`,
  );
  socket.write(whole.subarray(0, 500));
  await closed;
  await until(t, () => left(server).length === 0);
});

test("memory does not grow with the file", async (t) => {
  const server = await startServer(t, { maxUploadBytes: 512 * 1024 * 1024 });
  const size = 256 * 1024 * 1024;
  const [start = "", end = ""] = formBody([image("|", "big.bin")])
    .toString()
    .split("|");
  const socket = net.connect(server.port, "127.0.0.1");
  const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString())));
  const used = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const before = used();
  socket.write(
    `POST /upload/image HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n` +
      `Content-Length: ${start.length + size + end.length}\r\n\r\n${start}`,
  );
  const chunk = Buffer.alloc(1024 * 1024);
  let most = 0;
  for (let sent = 0; sent < size; sent += chunk.length) {
    // Sent only as fast as it is taken, so that nothing piles up on this side.
    if (!socket.write(chunk)) await once(socket, "drain");
    most = Math.max(most, used() - before);
  }
  socket.write(end);
  assert.match(await answered, /"name": "big.bin"/);
  socket.destroy();
  assert.equal(statSync(path.join(server.folders.input, "big.bin")).size, size);
  // What waits for the garbage collector counts too.
  t.diagnostic(`grew by ${Math.round(most / 1e6)} MB`);
  assert.ok(most < size / 2, `grew by ${Math.round(most / 1e6)} MB`);
});

test("what a dead process left is removed, what is in the making is not", async (t) => {
  const server = await startServer(t);
  const { input } = server.folders;
  for (const name of [".upload-old", ".upload-new", "kept.png"]) writeFileSync(path.join(input, name), "x");
  const old = new Date(Date.now() - 48 * 3600 * 1000);
  for (const name of [".upload-old", "kept.png"]) utimesSync(path.join(input, name), old, old);
  await removeStaleUploads(input);
  assert.deepEqual(left(server), [".upload-new", "kept.png"]);
});

async function until(t: TestContext, holds: () => boolean): Promise<void> {
  await t.waitFor(() => assert.ok(holds()), { interval: 10, timeout: 5000 });
}
