/** What a server does when it is asked to end, and what the next one finds. */
import assert from "node:assert/strict";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { alive, PROJECT, TestServer, until } from "../support/server.ts";

const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];

function sleeping(seconds: number, color: number): unknown {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

type Queue = Record<"queue_running" | "queue_pending", [number, string][]>;

test("SIGTERM hands the running job back, ends its worker, and the next server runs it", async (t) => {
  const server = await TestServer.start(PACKS);
  t.after(() => server.stop());
  const ask = async (seconds: number, color: number): Promise<string> => {
    const answer = await server.post("/prompt", { prompt: sleeping(seconds, color) });
    return ((await answer.json()) as { prompt_id: string }).prompt_id;
  };
  const first = await ask(2, 1);
  const second = await ask(0, 2);
  const { hub, worker } = await until("the job to run", async () => {
    const queue = await server.json<Queue>("/queue");
    return queue.queue_running[0]?.[1] === first ? server.ids() : undefined;
  });
  await server.terminate();
  assert.equal(alive(hub), false);
  assert.ok(worker !== undefined);
  await until("the worker's end", () => (alive(worker) ? undefined : true), 10_000);

  await server.launch();
  await server.idle();
  for (const id of [first, second]) {
    const history = await server.json<Record<string, { status: { status_str: string } }>>(`/history/${id}`);
    assert.equal(history[id]?.status.status_str, "success");
  }
});

test("an answer that has begun is finished before the server ends", async (t) => {
  const server = await TestServer.start();
  t.after(() => server.stop());
  // A body that arrives in two parts: the request is under way when the signal comes.
  const body = JSON.stringify({ clear: true });
  const socket = net.connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const head = `POST /queue HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`;
  socket.write(head);
  await until("the server to take the request", () => (text.includes("100 Continue") ? true : undefined));
  socket.write(body.slice(0, 5));
  const ended = server.terminate();
  await until("new requests to be refused", async () =>
    (await server.answers()) === true ? undefined : true,
  );
  socket.write(body.slice(5));
  await closed;
  await ended;
  assert.match(text, /HTTP\/1\.1 200 OK/);
});
