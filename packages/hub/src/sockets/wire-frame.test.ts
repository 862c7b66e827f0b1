import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { sendFrame, wireFrame } from "./wire-frame.ts";

test("frames of every length arrive as they are, in order with what the socket sends itself", async (t) => {
  const texts = ["", "a", "é".repeat(62), "b".repeat(126), "c".repeat(65_535), "d".repeat(65_536)];
  const server = http.createServer();
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      socket.send("first");
      for (const text of texts) sendFrame(socket, connection, wireFrame("text", Buffer.from(text)));
      sendFrame(socket, connection, wireFrame("binary", Buffer.from([1, 2, 3])));
      socket.close(1000, "bye");
      sendFrame(socket, connection, wireFrame("text", Buffer.from("too late")));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const heard: (string | number[])[] = [];
  client.on("message", (data: Buffer, isBinary) => heard.push(isBinary ? [...data] : data.toString("utf8")));
  const [code, reason] = (await once(client, "close")) as [number, Buffer];
  assert.deepEqual([code, String(reason)], [1000, "bye"]);
  assert.deepEqual(heard, ["first", ...texts, [1, 2, 3]]);
});
