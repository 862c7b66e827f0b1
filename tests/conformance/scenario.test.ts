import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { after, before, test } from "node:test";
import type { JsonObject } from "@hearth/protocol";
import { request } from "./client.ts";
import { playScenario } from "./scenario.ts";
import { ServerUnderTest } from "./server.ts";
import { encodeFrame } from "./socket.ts";

/** What the server below received of each request. */
const heard: string[] = [];
let listener: net.Server;
let server: ServerUnderTest;

const ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const answer = (status: number, body: Buffer, ...headers: string[]): Buffer =>
  Buffer.concat([Buffer.from([`HTTP/1.1 ${status} Word`, ...headers, "", ""].join("\r\n")), body]);

/** Answers by hand, so that the bytes of both sides are in plain sight. */
function serve(socket: net.Socket): void {
  let received = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    const head = received.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (end < 0 || received.length < end + 4 + length || socket.listenerCount("data") === 0) return;
    socket.removeAllListeners("data");
    heard.push(received.toString("utf8"));
    const path = head.split(" ")[1] as string;
    if (path.startsWith("/ws")) upgrade(socket, head);
    else if (path === "/chunked") {
      const chunks = Buffer.from('4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n');
      socket.write(answer(200, chunks, "Transfer-Encoding: chunked", "Set-Cookie: a", "Set-Cookie: b"));
    } else if (path === "/until-close") socket.end(answer(200, Buffer.from("all of it")));
    else if (path === "/early") socket.end(answer(413, Buffer.from("no"), "Content-Length: 2"));
    else if (path === "/prompt") {
      const body = text({ exec_info: { queue_remaining: 0 } });
      socket.write(answer(200, body, `Content-Length: ${body.length}`));
    } else socket.write(answer(404, text({}), "Content-Length: 2", "Allow: POST, GET"));
  });
}

function upgrade(socket: net.Socket, head: string): void {
  const key = /Sec-WebSocket-Key: (\S+)/.exec(head)?.[1] ?? "";
  const accept = createHash("sha1")
    .update(key + ACCEPT)
    .digest("base64");
  socket.write(answer(101, Buffer.alloc(0), "Upgrade: websocket", `Sec-WebSocket-Accept: ${accept}`));
  const unmasked = (opcode: number, payload: Buffer, final = true): Buffer =>
    Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, payload.length]), payload]);
  socket.write(unmasked(1, Buffer.from('{"type": '), false));
  socket.write(unmasked(9, Buffer.from("?")));
  socket.write(unmasked(0, Buffer.from('"status"}')));
  socket.write(unmasked(2, Buffer.concat([Buffer.from([0, 0, 0, 3, 0, 0, 0, 1]), Buffer.from("7hello")])));
  socket.once("data", () => socket.write(unmasked(8, Buffer.from([0x0f, 0xa0]))));
}

before(async () => {
  listener = net.createServer(serve);
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  server = new ServerUnderTest(`http://127.0.0.1:${(listener.address() as net.AddressInfo).port}`, undefined);
});
after(() => new Promise((resolve) => listener.close(resolve)));

test("a request goes out exactly as written", async () => {
  const given = { method: "POST", path: "/a%2Fb?x=%20", headers: { "X-One": "ü" }, body: Buffer.from("hi") };
  const got = await request(server.baseUrl, given);
  const host = new URL(server.baseUrl).host;
  const sent = heard.at(-1)?.replace(/\ufffd/, "ü");
  assert.equal(
    sent,
    `POST /a%2Fb?x=%20 HTTP/1.1\r\nHost: ${host}\r\nX-One: ü\r\nContent-Length: 2\r\n\r\nhi`,
  );
  assert.equal(got.status, 404);
  assert.equal(got.header("allow"), "POST, GET");
});

test("chunked bodies, repeated headers, bodies that end with the connection", async () => {
  const chunked = await request(server.baseUrl, { path: "/chunked" });
  assert.deepEqual(chunked.json(), { a: 1 });
  assert.equal(chunked.header("set-cookie"), "a, b");
  assert.equal((await request(server.baseUrl, { path: "/until-close" })).body.toString(), "all of it");
  const early = await request(server.baseUrl, { method: "POST", path: "/early", body: Buffer.alloc(10) });
  assert.equal(early.status, 413);
});

const play = (steps: JsonObject[], strict = false) => playScenario(server, { steps }, strict);

test("steps of HTTP: expectations, saved values, accidents", async () => {
  const { problems, checks } = await play([
    {
      request: { path: "/chunked" },
      expect: { status: 200, body: { json: { a: "<int>" } } },
      save: { a: "/a" },
    },
    { request: { path: "/{{a}}" }, expect: { status: 404, headers: { allow: "GET, POST", etag: null } } },
    { request: { path: "/x" }, expect: { status: 500 }, accident: true },
    { poll: { request: { path: "/prompt" }, until: { exec_info: { queue_remaining: 0 } } } },
    { idle: {} },
  ]);
  assert.deepEqual(problems, []);
  assert.equal(checks, 3);
  assert.match(heard.find((text) => text.startsWith("GET /1 ")) ?? "", /^GET \/1 HTTP/);
});

test("a failing step fails the scenario, and later ones still run", async () => {
  const { problems } = await play(
    [
      { request: { path: "/x" }, expect: { status: 500 }, accident: true },
      { request: { path: "/x" }, expect: { status: 404, headers: { allow: null } } },
      { request: { path: "/until-close" }, expect: { status: 200, body: { json: {} } } },
      { request: { path: "/until-close" }, expect: { status: 200, body: { text: "all of it" } } },
    ],
    true,
  );
  assert.deepEqual(
    problems.map(({ step }) => step),
    [0, 1, 2],
  );
  assert.match(problems[0]?.text ?? "", /^status: expected 500, got 404/);
  assert.match(problems[1]?.text ?? "", /^header allow:/);
  assert.match(problems[2]?.text ?? "", /^body: not JSON/);
});

test("steps of sockets: fragments, pings, binary frames, closing", async () => {
  const hello = encodeFrame(1, Buffer.from("hello")).toString("base64");
  const { problems } = await play([
    { ws_open: { socket: "s", settle_ms: 0 } },
    {
      collect: { socket: "s", until: { binary: "<any>" }, settle_ms: 0 },
      expect: [
        { json: { type: "status" } },
        { binary: { event: 3, node: "7", text: "hello", base64: "<string>" } },
      ],
    },
    { ws_send: { socket: "s", raw: hello, settle_ms: 0 } },
    { ws_closed: { socket: "s" }, expect: { closed: true, code: 4000 } },
  ]);
  assert.deepEqual(problems, []);
});

test("an upgrade that is refused", async () => {
  const { problems } = await play([{ ws_open: { socket: "s", path: "/other" }, expect: { status: 404 } }]);
  assert.deepEqual(problems, []);
});
