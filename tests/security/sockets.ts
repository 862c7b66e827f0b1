/** Connections that send rubbish, too much or nothing, and never read. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import net from "node:net";
import { test } from "node:test";
import { encodeFrame, GoldenSocket } from "../conformance/socket.ts";
import { type TestServer, until } from "../support/server.ts";
import { postPrompt, type Shared } from "./hostile.ts";

const MB = 1024 * 1024;
/** RFC 6455, 7.4.1 */
const PROTOCOL_ERROR = 1002;
const TOO_LARGE = 1009;

/** The code, unless the reset of a connection that was still sending overtook it. */
function assertTooLarge({ closeCode }: GoldenSocket): void {
  assert.ok(closeCode === TOO_LARGE || closeCode === null, String(closeCode));
}

async function connected(server: TestServer): Promise<net.Socket> {
  const socket = net.connect(server.port, "127.0.0.1");
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Asks for `/ws` and resolves with the answer's first bytes; afterwards nothing is read. */
async function silentSocket(server: TestServer, clientId: string): Promise<net.Socket> {
  const socket = await connected(server);
  socket.write(
    `GET /ws?clientId=${clientId} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  const [first] = (await once(socket, "data")) as [Buffer];
  assert.match(first.toString("latin1"), /^HTTP\/1\.1 101 /);
  socket.pause();
  return socket;
}

async function open(server: TestServer): Promise<GoldenSocket> {
  const socket = await GoldenSocket.connect(server.url, "/ws");
  assert.equal(socket.status, 101);
  return socket;
}

function openFiles(server: TestServer): number {
  return readdirSync(`/proc/${server.ids().hub}/fd`).length;
}

export function testSockets(shared: Shared): void {
  test("bytes that are no HTTP are 400 and end the connection", async () => {
    const server = shared();
    const rubbish = [
      randomBytes(2000),
      Buffer.from("\r\n\r\nGET\r\n\r\n"),
      Buffer.from("GET / HTTP/9.9\r\n\r\n"),
    ];
    // Headers without end.
    rubbish.push(Buffer.from(`GET / HTTP/1.1\r\nX: ${"y".repeat(MB)}`));
    for (const bytes of rubbish) {
      const socket = await connected(server);
      let answer = "";
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
      socket.write(bytes);
      await until("the connection's end", () => (socket.closed ? true : undefined), 10_000);
      // A reset may overtake the answer, but nothing else may come.
      assert.match(answer, /^(?:HTTP\/1\.1 4\d\d [^]*)?$/);
    }
  });

  test("a socket that sends garbage is closed", async () => {
    const server = shared();
    const cases = [
      Buffer.from([0x81, 0x02, 0x41, 0x42]), // not masked
      Buffer.from([0xff, 0x80, 1, 2, 3, 4]), // reserved bits and opcode
      Buffer.from([0x09, 0x80, 1, 2, 3, 4]), // a ping in fragments
    ];
    for (const bytes of cases) {
      const socket = await open(server);
      socket.sendRaw(bytes);
      assert.ok(await socket.waitClosed(10_000), bytes.toString("hex"));
      assert.equal(socket.closeCode, PROTOCOL_ERROR, bytes.toString("hex"));
    }
    const random = await open(server);
    random.sendRaw(Buffer.concat([Buffer.from([0xff]), randomBytes(MB)]));
    assert.ok(await random.waitClosed(10_000));
  });

  test("a socket that says nonsense in good form stays open", async () => {
    const server = shared();
    const socket = await open(server);
    for (const text of [
      "",
      "{",
      "[".repeat(10_000),
      '{"type": 7}',
      '{"type": "feature_flags", "data": null}',
    ]) {
      socket.sendText(text);
    }
    socket.sendBinary(randomBytes(1000));
    socket.sendRaw(encodeFrame(9, Buffer.from("still there")));
    assert.ok(await socket.wait((frames) => frames.some(({ kind }) => kind === "pong"), 10_000));
    await socket.close();
  });

  test("a message over 4 MiB closes its socket", async () => {
    const server = shared();
    const whole = await open(server);
    whole.sendText("x".repeat(4 * MB + 1));
    assert.ok(await whole.waitClosed(10_000));
    assertTooLarge(whole);

    const inParts = await open(server);
    const part = encodeFrame(0, Buffer.alloc(MB, 120));
    part[0] = 0;
    const first = Buffer.from(part);
    first[0] = 1;
    inParts.sendRaw(first);
    for (let sent = 1; sent < 5; sent += 1) inParts.sendRaw(part);
    assert.ok(await inParts.waitClosed(10_000));
    assertTooLarge(inParts);

    // Only claimed: nothing is set aside for it.
    const claimed = await open(server);
    claimed.sendRaw(Buffer.from([0x81, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    assert.ok(await claimed.waitClosed(10_000));
    assert.equal(claimed.closeCode, TOO_LARGE);
  });

  test("a socket that never reads is given up", async () => {
    const server = shared();
    const socket = await silentSocket(server, "deaf");
    const ping = encodeFrame(9, Buffer.alloc(0));
    const prompt = { "1": { class_type: "PreviewAny", inputs: { source: "x".repeat(4 * MB) } } };
    const body = JSON.stringify({ prompt, client_id: "deaf" });
    // The backlog that ends it is 64 MiB; each run sends 4. Whoever was given up gets a reset as it sends something.
    for (let run = 0; run < 24 && !socket.closed; run += 1) {
      const { status, answer } = await postPrompt(server, body);
      assert.equal(status, 200, JSON.stringify(answer));
      await server.idle();
      socket.write(ping);
    }
    await until("the end of the deaf socket", () => {
      if (!socket.closed) socket.write(ping);
      return socket.closed ? true : undefined;
    });
  });

  test("10,000 sockets opened and dropped leave nothing open", async () => {
    const server = shared();
    const before = openFiles(server);
    for (let wave = 0; wave < 40; wave += 1) {
      const sockets = await Promise.all(
        Array.from({ length: 250 }, (_, index) => silentSocket(server, `wave-${wave}-${index}`)),
      );
      for (const socket of sockets) socket.destroy();
    }
    await until("all sockets to be closed", () => (openFiles(server) <= before + 10 ? true : undefined));
  });
}
