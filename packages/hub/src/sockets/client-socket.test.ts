import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { ClientSocket } from "./client-socket.ts";

interface Pair {
  readonly client: ClientSocket;
  /** what has arrived at the other end */
  readonly heard: string[];
  readonly count: (wanted: number) => Promise<void>;
}

async function connected(t: TestContext, autoPong = true): Promise<Pair> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const far = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong });
  t.after(async () => {
    far.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const heard: string[] = [];
  far.on("message", (data: Buffer) => heard.push(data.toString()));
  const [near, request] = (await once(server, "connection")) as [WebSocket, IncomingMessage];
  await once(far, "open");
  return {
    client: new ClientSocket("sid", near, request.socket),
    heard,
    count: async (wanted) => {
      while (heard.length < wanted) await once(far, "message");
    },
  };
}

test("frames behind a gate wait, in order, and go when it opens", async (t) => {
  const { client, heard, count } = await connected(t);
  client.send("1");
  const open = client.holdBack();
  client.send("2");
  client.send("3");
  // The pong comes after everything that was sent before the ping.
  await client.settle(1, 5_000);
  await count(1);
  assert.deepEqual(heard, ["1"]);
  open();
  client.send("4");
  await count(4);
  assert.deepEqual(heard, ["1", "2", "3", "4"]);
});

test("a gate holds only what came after it, and gates may open in any order", async (t) => {
  const { client, heard, count } = await connected(t);
  const first = client.holdBack();
  client.send("a");
  const second = client.holdBack();
  client.send("b");
  const third = client.holdBack();
  client.send("c");
  third();
  first();
  await count(1);
  await client.settle(1, 5_000);
  assert.deepEqual(heard, ["a"]);
  second();
  await count(3);
  assert.deepEqual(heard, ["a", "b", "c"]);
});

test("a client that answers no pings is not waited for longer than the cap", async (t) => {
  const { client } = await connected(t, false);
  await client.settle(4, 20);
});
