/** Paths that only a ComfyUI behind a worker knows, asked for at the hub. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { pino } from "pino";
import { WebSocket, WebSocketServer } from "ws";
import { Forwarder } from "../../packages/hub/src/http/comfy/forward.ts";
import type { ForwardMember } from "../../packages/hub/src/http/comfy/forward-targets.ts";
import { registerWebSocket } from "../../packages/hub/src/http/comfy/websocket.ts";
import { rawRequest, startServer, type TestServer } from "../../packages/hub/src/http/test-server.ts";
import { hello, startGateway, type TestGateway, until } from "../../packages/hub/src/link/test-gateway.ts";
import { SocketHub } from "../../packages/hub/src/sockets/socket-hub.ts";
import { LinkClient } from "../../packages/worker/src/link-client.ts";

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

interface Peer {
  readonly name: string;
  readonly port: number;
  readonly asked: Asked[];
}

const EXTENSIONS = ["/extensions/pack-b/main.js"];

/** A ComfyUI behind a worker, which answers paths below its name, and everybody's below `/both`. */
async function peer(t: TestContext, gateway: TestGateway, name: string): Promise<Peer> {
  const asked: Asked[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    const path = url.replace(/\?.*/, "");
    if (path.startsWith(`/${name}/`) || path.startsWith("/both") || path === EXTENSIONS[0]) {
      const type = path.endsWith(".html")
        ? "text/html"
        : path.endsWith(".js")
          ? "text/javascript"
          : "text/x-own";
      response.writeHead(path.endsWith("/moved") ? 302 : 200, {
        "content-type": type,
        "x-of-peer": name,
        "set-cookie": ["session=stolen", "own=1"],
        "access-control-allow-origin": "*",
        ...(path.endsWith("/moved") ? { location: `http://${headers.host}/${name}/there` } : {}),
      });
      response.end(`${name} answers ${method}`);
    } else response.writeHead(404).end();
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url?.startsWith(`/${name}/`) !== true) {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    asked.push({ method: "upgrade", url: request.url, headers: request.headers, body: "" });
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      webSocket.on("message", (data, isBinary) => webSocket.send(data, { binary: isBinary })),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new LinkClient(
    { socket: gateway.socketPath },
    {
      opened: () => client.send(hello({ name, workerId: name, address: `http://127.0.0.1:${port}` })),
      message: (text) => {
        const { type, id } = JSON.parse(text) as { type: string; id: string };
        if (type === "tunnel") client.openTunnel(id, { host: "127.0.0.1", port, isTls: false });
      },
      closed: () => undefined,
    },
  );
  client.dial();
  t.after(() => {
    client.stop();
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  await until(() => gateway.linkOf(name) !== undefined);
  return { name, port, asked };
}

async function start(t: TestContext, names: readonly string[]): Promise<{ hub: TestServer; peers: Peer[] }> {
  const gateway = await startGateway(t);
  const peers: Peer[] = [];
  for (const name of names) peers.push(await peer(t, gateway, name));
  const members = (): ForwardMember[] =>
    peers.map(({ name, port }) => ({
      ...{
        name,
        engine: "comfyui",
        mode: "on",
        address: `http://127.0.0.1:${port}`,
        state: { isAvailable: true },
      },
      nodes: { classes: new Map(), packs: [], extensions: name === "b" ? EXTENSIONS : [] },
      link: gateway.gateway.links.size === 0 ? undefined : gateway.linkOf(name),
    }));
  const { tunnels } = gateway.gateway;
  const forwarder = new Forwarder({ members, tunnels, log: pino({ level: "silent" }) });
  const sockets = new SocketHub({
    queueRemaining: () => 0,
    features: () => ({}),
    currentNode: () => undefined,
    standing: () => [],
  });
  const hub = await startServer(t, { forwarder }, (app) =>
    registerWebSocket(app, () => sockets, true, {
      other: { path: "/of-studio", take: (_request, socket) => socket.destroy() },
      forwarder,
    }),
  );
  return { hub, peers };
}

test("a path that nobody here knows goes to the worker that does, once it is known to it directly", async (t) => {
  const { hub, peers } = await start(t, ["a", "b"]);
  const [a, b] = peers as [Peer, Peer];
  for (let count = 0; count < 2; count += 1) {
    const answer = await fetch(`${hub.url}/b/route?x=1&token=secret-key&y=2`, { headers: { "x-own": "1" } });
    assert.equal(await answer.text(), "b answers GET");
    assert.equal(answer.headers.get("x-of-peer"), "b");
  }
  assert.equal(a.asked.length, 1, "it was asked once");
  assert.equal(b.asked[0]?.url, "/b/route?x=1&y=2");
  assert.equal(b.asked[0]?.headers["x-own"], "1");
  const missing = await fetch(`${hub.url}/nowhere`);
  assert.deepEqual([missing.status, await missing.text()], [404, ""]);
  const post = await fetch(`${hub.url}/nowhere`, { method: "POST", body: "x" });
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET,HEAD"]);
});

test("methods, bodies and headers come over; keys, cookies and origins of ours do not", async (t) => {
  const { hub, peers } = await start(t, ["a", "b"]);
  const [a, b] = peers as [Peer, Peer];
  const answer = await rawRequest(
    hub.port,
    "POST",
    "/b/do",
    {
      ...{ authorization: "Bearer secret-key", "x-api-key": "secret-key", cookie: "session=1.2; own=3" },
      ...{ origin: `http://127.0.0.1:${hub.port}`, "sec-fetch-site": "same-origin", "x-own": "kept" },
    },
    "the body",
  );
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["set-cookie"], "own=1");
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
  assert.equal(a.asked[0]?.body, "the body", "asked before, with the whole body");
  const { headers, body, method } = b.asked[0] as Asked;
  assert.deepEqual([method, body, headers.cookie, headers["x-own"]], ["POST", "the body", "own=3", "kept"]);
  assert.equal(headers.host, `127.0.0.1:${b.port}`);
  assert.equal(headers.origin, `http://127.0.0.1:${b.port}`);
  assert.equal(headers["x-forwarded-for"], "127.0.0.1");
  assert.equal(headers.authorization ?? headers["x-api-key"], undefined);
  // A large body can be read once: the first one has it.
  const large = await fetch(`${hub.url}/both/large`, { method: "PUT", body: "x".repeat(3 << 20) });
  assert.equal(await large.text(), "a answers PUT");
  assert.equal(a.asked.at(-1)?.body.length, 3 << 20);
});

test("web extensions of workers are listed and served; pages of others are downloaded", async (t) => {
  const { hub } = await start(t, ["a", "b"]);
  assert.deepEqual(await (await fetch(`${hub.url}/extensions`)).json(), EXTENSIONS);
  const script = await fetch(hub.url + EXTENSIONS[0]);
  assert.deepEqual([script.status, script.headers.get("content-type")], [200, "text/javascript"]);
  const page = await fetch(`${hub.url}/a/page.html`);
  assert.equal(page.headers.get("content-type"), "application/octet-stream");
  assert.equal(page.headers.get("content-disposition"), 'attachment; filename="page.html"');
  const moved = await fetch(`${hub.url}/a/moved`, { redirect: "manual" });
  assert.equal(moved.headers.get("location"), "/a/there");
});

test("paths of our own contracts stay here", async (t) => {
  const { hub, peers } = await start(t, ["a"]);
  for (const path of [
    ...["/internal/none", "/api/internal/x", "/v1/none", "/api/admin/none", "/link", "/link/files/input/x"],
    ...["/ws/x", "/%76%31/none", "/api/run/none", "/metrics/x"],
  ]) {
    const { status } = await rawRequest(hub.port, "GET", path);
    assert.notEqual(status, 200, path);
  }
  assert.deepEqual(peers[0]?.asked, []);
});

test("sockets of node packs are passed on", async (t) => {
  const { hub, peers } = await start(t, ["a", "b"]);
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/b/live?token=secret-key`);
  t.after(() => socket.terminate());
  await once(socket, "open");
  const heard: string[] = [];
  socket.on("message", (data: Buffer, isBinary) =>
    heard.push(isBinary ? data.toString("hex") : data.toString()),
  );
  socket.send("text");
  socket.send(Buffer.from([1, 2, 3]));
  await until(() => heard.length === 2);
  assert.deepEqual(heard, ["text", "010203"]);
  assert.equal(peers[1]?.asked[0]?.url, "/b/live");
  socket.close();
  await once(socket, "close");
  const [, refusal] = (await once(
    new WebSocket(`ws://127.0.0.1:${hub.port}/none`),
    "unexpected-response",
  )) as [unknown, http.IncomingMessage];
  assert.equal(refusal.statusCode, 404);
});

test("without such a worker nothing is another than before", async (t) => {
  const { hub } = await start(t, []);
  assert.deepEqual(await (await fetch(`${hub.url}/extensions`)).json(), []);
  assert.equal((await fetch(`${hub.url}/a/x`)).status, 404);
  assert.equal((await fetch(`${hub.url}/a/x`, { method: "POST" })).status, 405);
});
