/** `@stable-canvas/comfyui-client`, unmodified, drives a started Hearth. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import path from "node:path";
import { Client } from "@stable-canvas/comfyui-client";
import { PROJECT, TestServer, until } from "../support/server.ts";

/** The traps of this client are orderings of messages and answers: each call is made this often. */
const TIMES = 20;

let server: TestServer;
let client: Client;
let count = 0;

before(async () => {
  server = await TestServer.start(["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")]);
  client = new Client({
    api_host: `127.0.0.1:${server.port}`,
    WebSocket: globalThis.WebSocket,
    fetch: globalThis.fetch,
  });
  await client.connect({ websocket: { enabled: true }, polling: { enabled: false } });
});

after(async () => {
  client.close();
  await server.stop();
});

/** A graph that no run before it has cached. */
function freshPrompt(): Record<string, unknown> {
  count += 1;
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: count } },
    "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "sc" } },
  };
}

function sleeping(seconds: number): Record<string, unknown> {
  count += 1;
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: count } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

test("enqueue over the socket brings the picture, every time", async () => {
  for (let run = 0; run < TIMES; run += 1) {
    const output = await client.enqueue(freshPrompt());
    assert.equal(output.images.length, 1, `run ${run}`);
  }
});

test("a prompt whose nodes are all cached brings its picture too", async () => {
  const prompt = freshPrompt();
  for (let run = 0; run < TIMES; run += 1) {
    const output = await client.enqueue(prompt);
    assert.equal(output.images.length, 1, `run ${run}`);
  }
});

test("enqueue by polling brings the picture, every time", async () => {
  for (let run = 0; run < TIMES; run += 1) {
    const output = await client.enqueue_polling(freshPrompt(), { polling_ms: 5 });
    assert.equal(output.images.length, 1, `run ${run}`);
  }
});

test("an interrupt ends the running prompt", async () => {
  for (let run = 0; run < TIMES; run += 1) {
    const { prompt_id } = await client._enqueue_prompt(sleeping(60));
    await until("the prompt to run", async () => {
      const { running } = await client.getPromptStatus(prompt_id);
      return running ? true : undefined;
    });
    await client.interrupt(prompt_id);
    await server.idle();
    const entry = (
      await server.json<Record<string, { status: { status_str: string } }>>(`/history/${prompt_id}`)
    )[prompt_id];
    assert.equal(entry?.status.status_str, "error", `run ${run}`);
  }
});

test("an upload is what comes back", async () => {
  const bytes = Buffer.from("not really a picture");
  const form = new FormData();
  form.set("image", new Blob([bytes]), "up load.png");
  const stored = await client.fetchApi("/upload/image", { method: "POST", body: form });
  const { name, subfolder } = (await stored.json()) as { name: string; subfolder: string };
  const answer = await fetch(client.viewURL(name, subfolder, "input"));
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
});

test("queue, history, system and node calls", async () => {
  const slow = await client._enqueue_prompt(sleeping(60));
  const waiting = await client._enqueue_prompt(freshPrompt());
  await until("the first to run", async () =>
    (await client.getQueue()).Running.length === 1 ? true : undefined,
  );
  assert.equal((await client.getQueue()).Pending.length, 1);
  await client.deleteItem("queue", waiting.prompt_id);
  assert.equal((await client.getQueue()).Pending.length, 0);
  await client.interrupt(slow.prompt_id);
  await server.idle();

  const { History } = await client.getHistory(3);
  assert.equal(History.length, 3);
  await client.clearItems("history");
  assert.equal((await client.getHistory()).History.length, 0);

  assert.ok((await client.getSystemStats()).system.comfyui_version);
  assert.ok("SaveImage" in (await client.getNodeDefs()));
  assert.deepEqual(await client.getEmbeddings(), []);
  await client.free({ free_memory: true, unload_models: true });
});
