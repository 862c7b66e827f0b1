import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket } from "ws";
import { dial, hello, join, MASTER_KEY, startGateway, TOKEN, until } from "./test-gateway.ts";

async function linked(url: string, token: string | undefined, text: string): Promise<WebSocket> {
  const socket = await dial(url, token);
  assert.ok(socket instanceof WebSocket, `refused with ${String(socket)}`);
  assert.match(String(await join(socket, text)), /"welcome"/);
  return socket;
}

test("on the socket file the token in the hello counts", async (t) => {
  const { socketPath, heard, linkOf } = await startGateway(t);
  const url = `ws+unix:${socketPath}:/link`;
  const socket = await linked(url, undefined, hello());
  assert.equal(linkOf("gpu-1")?.isRemote, false);
  socket.close();
  await until(() => heard.includes("-gpu-1"));
  const stranger = await dial(url);
  assert.deepEqual(await join(stranger as WebSocket, hello({ token: "other" })), {
    code: 4400,
    reason: "the token is another hub's",
  });
});

test("from elsewhere only a key that may link opens it, also on this machine", async (t) => {
  const { port, key, linkOf } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  assert.equal(await dial(url), 401);
  assert.equal(await dial(url, "wrong"), 401);
  assert.equal(await dial(url, TOKEN), 401, "the token of the socket file is no key");
  assert.equal(await dial(`${url}?token=${MASTER_KEY}`), 401);
  assert.equal(await dial(url, await key("read")), 403);
  assert.equal(await dial(url, await key("run")), 403);
  await linked(url, await key("worker"), hello());
  assert.equal(linkOf("gpu-1")?.isRemote, true);
  await linked(url, await key("admin"), hello({ name: "gpu-2", workerId: "w:2" }));
  await linked(url, MASTER_KEY, hello({ name: "gpu-3", workerId: "w:3" }));
});

test("who guesses keys is not listened to for a while", async (t) => {
  const { port } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  for (let count = 0; count < 10; count += 1) {
    const status = await dial(url, `guess-${count}`);
    assert.equal(status, count < 9 ? 401 : 429);
  }
  assert.equal(await dial(url, MASTER_KEY), 429);
});

test("a revoked key takes its links along", async (t) => {
  const { port, keys, key, heard } = await startGateway(t);
  const socket = await linked(`ws://127.0.0.1:${port}/link`, await key("worker"), hello());
  const closed = once(socket, "close");
  await keys.revoke(keys.list()[0]?.id ?? "");
  const [, reason] = (await closed) as [number, Buffer];
  assert.equal(reason.toString(), "its key was revoked");
  assert.deepEqual(heard, ["gpu-1", "-gpu-1"]);
});

test("a hello is checked field by field", async (t) => {
  const { port, key } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  const token = await key("worker");
  for (const [over, expected] of [
    [{ version: 1 }, /link version 2, the worker 1/],
    [{ name: "a b" }, /^name must be/],
    [{ name: "" }, /^name must be/],
    [{ name: "x".repeat(65) }, /^name must be/],
    [{ name: 1 }, /^name must be/],
    [{ engine: "python" }, /^engine must be one of native, comfyui/],
    [{ concurrency: 0 }, /^concurrency /],
    [{ concurrency: "1" }, /^concurrency /],
    [{ tags: [1] }, /^a tag must be/],
    [{ tags: "gpu" }, /^tags /],
    [{ files: "ftp" }, /^files must be/],
    [{ pid: -1 }, /^pid /],
    [{ address: {} }, /^address /],
    [{ held: [{ jobId: "j" }] }, /attempt/],
    [{ settings: "x".repeat(300) }, /^settings /],
    [{ name: "native" }, /belongs to a worker of the hub/],
    [{ type: "heartbeat" }, /no hello/],
    [{ settings: "x".repeat(300_000) }, /too long/],
  ] as const) {
    const end = await join((await dial(url, token)) as WebSocket, hello(over));
    assert.ok(typeof end === "object", JSON.stringify(over));
    assert.match(end.reason, expected);
  }
});

test("a name belongs to one worker; the same process takes the place of its older link", async (t) => {
  const { port, key, heard, gateway } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  const token = await key("worker");
  const first = await linked(url, token, hello());
  const second = await join((await dial(url, token)) as WebSocket, hello({ workerId: "w:2" }));
  assert.deepEqual(second, {
    code: 4409,
    reason: "a worker named 'gpu-1' is connected already; choose another name with --name",
  });
  const gone = once(first, "close");
  await linked(url, token, hello());
  await gone;
  assert.deepEqual(heard, ["gpu-1", "-gpu-1", "gpu-1"]);
  assert.equal(gateway.links.size, 1);
});

test("a second worker takes the name of one that has been silent", async (t) => {
  const { port, key, heard, linkOf } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  const token = await key("worker");
  await linked(url, token, hello());
  const link = linkOf("gpu-1");
  assert.ok(link !== undefined);
  link.heardAt -= 10_001;
  await linked(url, token, hello({ workerId: "w:2" }));
  assert.deepEqual(heard, ["gpu-1", "-gpu-1", "gpu-1"]);
});

test("what the link does not know ends one link, and no more", async (t) => {
  const { port, key, heard } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  const token = await key("worker");
  const ref = { jobId: "j", promptId: "p", attempt: 1 };
  const good = await linked(url, token, hello({ name: "good", workerId: "w:0" }));
  const frames: (string | Buffer)[] = [
    "no json",
    "[]",
    "{}",
    '{"type":"launch"}',
    JSON.stringify({ type: "messages", ...ref, items: {} }),
    JSON.stringify({
      type: "messages",
      ...ref,
      items: [{ kind: "json", type: "x", data: 1, audience: "client" }],
    }),
    JSON.stringify({ type: "messages", ...ref, items: [{ kind: "progress", preview: {} }] }),
    JSON.stringify({ type: "finished", ...ref, result: { status: "success" } }),
    JSON.stringify({ type: "finished", jobId: 1, promptId: "p", attempt: 1 }),
    JSON.stringify({ type: "gave-up", ...ref, failure: { kind: "tired", text: "" } }),
    JSON.stringify({ type: "state", isAvailable: "yes" }),
    JSON.stringify({ type: "nodes", classes: {} }),
    JSON.stringify({ type: "nodes", classes: [], packs: [], models: { loras: [1] } }),
    JSON.stringify({ type: "heartbeat", stats: { rssBytes: "1", cpuSeconds: 0 }, running: [] }),
    Buffer.from([0, 0]),
    Buffer.from([255, 255, 255, 255, 1]),
    "[".repeat(100_000),
  ];
  for (const [index, frame] of frames.entries()) {
    const socket = await linked(url, token, hello({ name: `bad-${index}`, workerId: `w:${index + 1}` }));
    const closed = once(socket, "close");
    socket.send(frame);
    const [code] = (await closed) as [number];
    assert.equal(code, 4400, frame.toString().slice(0, 80));
  }
  good.send(JSON.stringify({ type: "state", isAvailable: false, problem: "no answer" }));
  good.send(JSON.stringify({ type: "gave-up", ...ref, failure: { kind: "lost", text: "gone" } }));
  await until(() => heard.includes("gave-up"));
  assert.ok(heard.includes("state"));
});

test("a giant frame ends its link before it is read", async (t) => {
  const { port, key, heard } = await startGateway(t);
  const socket = await linked(`ws://127.0.0.1:${port}/link`, await key("worker"), hello());
  const closed = once(socket, "close");
  // Only the head of a frame of 1 TB.
  const { _socket } = socket as unknown as { _socket: { write(bytes: Buffer): void } };
  _socket.write(Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]));
  await closed;
  assert.deepEqual(heard, ["gpu-1", "-gpu-1"]);
});

test("classes that nobody can read are left out of an announcement", async (t) => {
  const { port, key, heard } = await startGateway(t);
  const socket = await linked(`ws://127.0.0.1:${port}/link`, await key("worker"), hello());
  socket.send(
    JSON.stringify({ type: "nodes", classes: [{ info: { name: "Odd" } }, 3], packs: [], extensions: ["x"] }),
  );
  await until(() => heard.includes("nodes"));
});
