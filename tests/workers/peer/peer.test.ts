/** The peer itself: what it says is what was recorded, and its faults are what they say. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { WebSocket } from "ws";
import { until } from "../../support/server.ts";
import { ComfyPeer, type PeerOptions } from "./peer.ts";

const ID = "11111111-0000-4000-8000-000000000001";
const GRAPH = {
  "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 255 } },
  "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "t" } },
};

interface Listener {
  readonly texts: string[];
  readonly types: () => string[];
  readonly ws: WebSocket;
}

async function open(
  t: TestContext,
  options: PeerOptions = {},
): Promise<{ peer: ComfyPeer; heard: Listener }> {
  const peer = await ComfyPeer.start(options);
  const ws = new WebSocket(`${peer.url.replace("http", "ws")}/ws?clientId=me`);
  const texts: string[] = [];
  ws.on("message", (data: Buffer, isBinary) => texts.push(isBinary ? "binary" : data.toString()));
  ws.on("error", () => undefined);
  t.after(async () => {
    ws.terminate();
    await peer.stop();
  });
  await once(ws, "open");
  const types = (): string[] =>
    texts.map((text) => (text === "binary" ? text : (JSON.parse(text) as { type: string }).type));
  return { peer, heard: { texts, types, ws } };
}

function submit(peer: ComfyPeer, prompt: unknown = GRAPH, id = ID): Promise<Response> {
  const body = JSON.stringify({ prompt, prompt_id: id, client_id: "me" });
  return fetch(`${peer.url}/prompt`, { method: "POST", body });
}

test("a prompt runs as it was recorded, with its own id and a real file", async (t) => {
  const { peer, heard } = await open(t);
  assert.deepEqual(await (await submit(peer)).json(), { prompt_id: ID, number: 0, node_errors: {} });
  await until("the end", () => heard.texts.some((text) => text.includes('"node": null')) || undefined);
  assert.deepEqual(
    heard.types().filter((type) => type !== "progress_state"),
    [
      ...["status", "status", "status", "execution_start", "execution_cached"],
      ...["executing", "executing", "executing", "executed", "execution_success", "status", "executing"],
    ],
  );
  assert.ok(
    heard.texts.some((text) => text.includes('"value": 0.0, "max": 1.0')),
    "floats stay floats",
  );
  assert.ok(!heard.texts.some((text) => text.includes("00000000-0000-4000-8000")), "no recorded id is left");
  const history = (await (await fetch(`${peer.url}/history/${ID}`)).json()) as Record<
    string,
    { status: { completed: boolean }; outputs: Record<string, { images: { filename: string }[] }> }
  >;
  assert.equal(history[ID]?.status.completed, true);
  assert.equal(history[ID].outputs["3"]?.images[0]?.filename, "t_00001_.png");
  const picture = await fetch(`${peer.url}/view?filename=t_00001_.png`);
  const bytes = Buffer.from(await picture.arrayBuffer());
  assert.equal(bytes.subarray(-8, -4).toString("latin1"), "IEND");
});

test("an interrupt ends a sleeping prompt", async (t) => {
  const { peer, heard } = await open(t);
  const sleeping = {
    "1": { class_type: "StubImage", inputs: { content: "BLACK", height: 8, width: 8, batch_size: 1 } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds: 60 } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
  await submit(peer, sleeping);
  await until("the sleep", () => heard.texts.some((text) => text.includes('"node": "2"')) || undefined);
  await fetch(`${peer.url}/interrupt`, { method: "POST", body: JSON.stringify({ prompt_id: "other" }) });
  assert.equal(peer.queueRemaining, 1);
  await fetch(`${peer.url}/interrupt`, { method: "POST", body: JSON.stringify({ prompt_id: ID }) });
  await until("the end", () => peer.history.get(ID));
  assert.match(JSON.stringify(peer.history.get(ID)), /execution_interrupted.*"node_type":"TestSleep"/);
});

test("a submit that is reset is in the queue all the same, or not at all", async (t) => {
  const { peer } = await open(t);
  peer.next("POST /prompt", { kind: "reset" });
  peer.next("POST /prompt", { kind: "reset-after-accept" });
  await assert.rejects(submit(peer));
  assert.equal(peer.accepted.length, 0);
  await assert.rejects(submit(peer));
  assert.equal(peer.accepted.length, 1);
  await until("the end", () => peer.history.get(ID));
  await peer.restart();
  assert.deepEqual(await (await fetch(`${peer.url}/history`)).json(), {});
});

test("half a frame, and nothing more", async (t) => {
  const { peer, heard } = await open(t);
  peer.next("WS executed", { kind: "half-frame" });
  await submit(peer);
  await once(heard.ws, "close");
  assert.ok(!heard.types().includes("executed"));
  await until("the end", () => peer.history.get(ID));
});
