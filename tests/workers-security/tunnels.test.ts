/** Dialling, half-open links and tunnels: the worker's end against the hub's. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { test, type TestContext } from "node:test";
import type { WebSocket } from "ws";
import { startGateway, hello, until, dial, join } from "../../packages/hub/src/link/test-gateway.ts";
import type { TunnelTarget } from "../../packages/worker/src/engine-port.ts";
import type { HubTarget } from "../../packages/worker/src/hub-request.ts";
import { LinkClient } from "../../packages/worker/src/link-client.ts";

interface Linked {
  readonly client: LinkClient;
  readonly messages: string[];
}

/** Dials as a worker, and opens tunnels to `target`. */
function link(
  t: TestContext,
  hub: HubTarget,
  target: TunnelTarget,
  over: Parameters<typeof hello>[0] = {},
): Linked {
  const messages: string[] = [];
  const client = new LinkClient(hub, {
    opened: () => client.send(hello(over)),
    message: (text) => {
      messages.push(text);
      const { type, id } = JSON.parse(text) as { type: string; id: string };
      if (type === "tunnel") client.openTunnel(id, target);
    },
    closed: () => undefined,
  });
  client.dial();
  t.after(() => client.stop());
  return { client, messages };
}

async function upstream(
  t: TestContext,
  answer: http.RequestListener,
): Promise<{ target: TunnelTarget; server: http.Server }> {
  const server = http.createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    server,
    target: { host: "127.0.0.1", port: (server.address() as AddressInfo).port, isTls: false },
  };
}

function ask(agent: http.Agent, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ agent, path }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      answer.on("error", reject);
    });
    sent.on("error", reject).end();
  });
}

for (const kind of ["socket file", "url"] as const) {
  test(`requests go through tunnels, which are kept for the next one (${kind})`, async (t) => {
    const { gateway, key, port, socketPath, linkOf } = await startGateway(t);
    let connections = 0;
    const { target, server } = await upstream(t, (request, response) =>
      response.end(`${request.url} `.repeat(50_000)),
    );
    server.on("connection", () => (connections += 1));
    const hub: HubTarget =
      kind === "url"
        ? { url: `http://127.0.0.1:${port}`, token: await key("worker") }
        : { socket: socketPath };
    link(t, hub, target);
    await until(() => linkOf("gpu-1") !== undefined);
    const agent = gateway.tunnels.agentOf(linkOf("gpu-1")!);
    for (const path of ["/one", "/two", "/three"]) {
      assert.deepEqual(await ask(agent, path), { status: 200, body: `${path} `.repeat(50_000) });
    }
    assert.equal(connections, 1);
    const many = await Promise.all(Array.from({ length: 10 }, (_, index) => ask(agent, `/${index}`)));
    assert.ok(many.every(({ body }, index) => body.startsWith(`/${index} `)));
    // The ComfyUI is restarted: its connections are gone, the next request opens another.
    server.closeAllConnections();
    await until(() => Object.keys(agent.freeSockets).length === 0);
    assert.equal((await ask(agent, "/four")).status, 200);
  });
}

test("nobody behind the tunnel, no tunnel, no link: each ends a request at once", async (t) => {
  const { gateway, port, key, linkOf } = await startGateway(t);
  const { target, server } = await upstream(t, () => undefined);
  server.close();
  const { client } = link(t, { url: `http://127.0.0.1:${port}`, token: await key("worker") }, target);
  await until(() => linkOf("gpu-1") !== undefined);
  const agent = gateway.tunnels.agentOf(linkOf("gpu-1")!);
  await assert.rejects(ask(agent, "/"), /socket hang up|ECONNRESET|closed/);
  const opening = gateway.tunnels.open(linkOf("gpu-1")!);
  client.stop();
  await assert.rejects(
    opening.then((stream) => once(stream, "close").then(() => Promise.reject(new Error("went away")))),
    /went away/,
  );
});

test("an id is good for one dial, and for the worker that heard it", async (t) => {
  const { gateway, port, key, linkOf } = await startGateway(t);
  const url = `ws://127.0.0.1:${port}/link`;
  const token = await key("worker");
  const worker = (await dial(url, token)) as WebSocket;
  await join(worker, hello());
  const asked = once(worker, "message") as Promise<[Buffer]>;
  const opening = gateway.tunnels.open(linkOf("gpu-1")!);
  const [message] = await asked;
  const { id } = JSON.parse(message.toString()) as { id: string };
  assert.equal(await dial(`${url}/tunnels/${id}`), 401);
  assert.equal(await dial(`${url}/tunnels/${id}`, await key("run")), 403);
  assert.equal(await dial(`${url}/tunnels/${id}`, await key("worker")), 404, "another worker's key");
  assert.equal(await dial(`${url}/tunnels/other`, token), 404);
  const tunnel = (await dial(`${url}/tunnels/${id}`, token)) as WebSocket;
  assert.equal(typeof tunnel, "object");
  assert.equal(await dial(`${url}/tunnels/${id}`, token), 404, "used once");
  const stream = await opening;
  tunnel.send(Buffer.from("bytes"));
  const [bytes] = (await once(stream, "data")) as [Buffer];
  assert.equal(bytes.toString(), "bytes");
  worker.close();
  await once(tunnel, "close");
});

test("a hub that says nothing any more is dialled again, and large frames are no silence", async (t) => {
  let connections = 0;
  const sockets = new Set<net.Socket>();
  // Accepts the first upgrade and falls silent, like a machine that lost its power.
  const { createHash } = await import("node:crypto");
  const server = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket.on("error", () => undefined));
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head.toString())?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  let closed = 0;
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new LinkClient(
    { url, token: "t" },
    { opened: () => undefined, message: () => undefined, closed: () => (closed += 1) },
    { pingMs: 20, silenceMs: 60 },
  );
  t.after(() => client.stop());
  client.dial();
  await until(() => connections >= 2);
  assert.ok(closed >= 1);
});

test("a token that is not taken is said once, in words", async (t) => {
  const { port, key } = await startGateway(t);
  const said: string[] = [];
  t.mock.method(console, "error", (text: string) => said.push(text));
  for (const [token, expected] of [
    ["wrong", /does not know the token/],
    [await key("read"), /lacks the scope 'worker'/],
  ] as const) {
    let closed = 0;
    const client = new LinkClient(
      { url: `http://127.0.0.1:${port}/`, token },
      { opened: () => undefined, message: () => undefined, closed: () => (closed += 1) },
    );
    client.dial();
    await until(() => closed > 0);
    client.stop();
    assert.match(said.at(-1) ?? "", expected);
  }
  assert.equal(said.length, 2);
});
