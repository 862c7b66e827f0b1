/**
 * Ten `@stable-canvas/comfyui-client`, unmodified, side by side against one hub with three ComfyUI workers. Each
 * "ComfyUI" is a Hearth of its own, which speaks the same contract.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import path from "node:path";
import { Client } from "@stable-canvas/comfyui-client";
import { PROJECT, TestServer, until } from "../support/server.ts";

const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];
const CLIENTS = 10;
const RUNS = 3;

let peers: TestServer[] = [];
let hub: TestServer;

before(async () => {
  peers = await Promise.all([TestServer.start(PACKS), TestServer.start(PACKS), TestServer.start(PACKS)]);
  hub = await TestServer.start(["--no-native", ...peers.flatMap((peer) => ["--comfyui", peer.url])]);
  await until("all three workers", async () => {
    if (!("TestSleep" in (await hub.json<object>("/object_info/TestSleep")))) return undefined;
    await Promise.all(Array.from({ length: 3 }, () => hub.post("/prompt", { prompt: sleeping(0.3) })));
    await hub.idle();
    const histories = await Promise.all(peers.map((peer) => peer.json<object>("/history")));
    return histories.every((history) => Object.keys(history).length > 0) || undefined;
  });
});

after(async () => {
  await hub.stop();
  await Promise.all(peers.map((peer) => peer.stop()));
});

let color = 0;

function sleeping(seconds: number): Record<string, unknown> {
  color += 1;
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: `color-${color}` } },
  };
}

interface Heard {
  readonly type: string;
  readonly data: { prompt_id?: string; node?: string | null };
}

/** A client that notes what its socket brings. */
async function connect(): Promise<{ client: Client; heard: Heard[] }> {
  const client = new Client({
    api_host: `127.0.0.1:${hub.port}`,
    WebSocket: globalThis.WebSocket,
    fetch: globalThis.fetch,
  });
  const heard: Heard[] = [];
  await client.connect({ websocket: { enabled: true }, polling: { enabled: false } });
  client.socket?.addEventListener("message", ({ data }: MessageEvent) => {
    if (typeof data === "string") heard.push(JSON.parse(data) as Heard);
  });
  return { client, heard };
}

/** Messages of one prompt as they came, without the bar's. */
function lifeOf(heard: readonly Heard[], id: string): string[] {
  return heard
    .filter(({ type, data }) => data.prompt_id === id && type !== "progress" && type !== "progress_state")
    .map(({ type, data }) => (type === "executing" ? `executing ${String(data.node)}` : type));
}

const LIFE = [
  ...["execution_start", "execution_cached", "executing 1", "executing 2", "executing 3"],
  ...["executed", "execution_success", "executing null"],
];

test("each client hears its own runs, whole and in order, and gets its own pictures", async () => {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect()));
  try {
    const own = clients.map(() => new Set<string>());
    await Promise.all(
      clients.map(async ({ client }, index) => {
        for (let run = 0; run < RUNS; run += 1) {
          const prompt = sleeping(0.1 + (index % 3) * 0.1);
          const { filename_prefix: prefix } = (prompt["3"] as { inputs: { filename_prefix: string } }).inputs;
          const output = await client.enqueue(prompt, { disable_random_seed: true });
          own[index]?.add(output.prompt_id);
          assert.equal(output.images.length, 1);
          const [image] = output.images;
          const url = image?.type === "url" ? image.data : "";
          assert.ok(url.includes(`${prefix}_`), `${url} is the picture of ${prefix}`);
          const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
          assert.equal(bytes.subarray(-8, -4).toString("latin1"), "IEND");
        }
      }),
    );
    for (const [index, { heard }] of clients.entries()) {
      const ids = new Set(heard.flatMap(({ data }) => data.prompt_id ?? []));
      assert.deepEqual([...ids].sort(), [...(own[index] ?? [])].sort(), "nobody else's messages");
      for (const id of ids) {
        await until("the last message", () => lifeOf(heard, id).includes("executing null") || undefined);
        assert.deepEqual(lifeOf(heard, id), LIFE);
      }
    }
  } finally {
    for (const { client } of clients) client.close();
  }
  const shares = await Promise.all(
    peers.map(async (peer) => Object.keys(await peer.json<Record<string, unknown>>("/history")).length),
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  for (const share of shares) assert.ok(share >= total / 5, `the work is spread: ${shares.join(", ")}`);
});

test("three workers do nearly three times what one does", async () => {
  const count = 18;
  const seconds = 1;
  const { client } = await connect();
  const began = performance.now();
  const ids = await Promise.all(
    Array.from({ length: count }, async () => (await client._enqueue_prompt(sleeping(seconds))).prompt_id),
  );
  await hub.idle(60_000);
  const took = (performance.now() - began) / 1000;
  client.close();
  for (const id of ids) {
    const { status } = await hub.json<{ status: string }>(`/api/jobs/${id}`);
    assert.equal(status, "completed");
  }
  const factor = (count * seconds) / took;
  assert.ok(factor >= 0.8 * peers.length, `${factor.toFixed(2)} times one`);
});

test("interrupt by id stops that one alone; without an id, all of the caller's", async () => {
  const { client } = await connect();
  const ids = await Promise.all(
    [0, 1, 2].map(async () => (await client._enqueue_prompt(sleeping(60))).prompt_id),
  );
  const running = async (): Promise<string[]> =>
    (await hub.json<{ queue_running: [number, string][] }>("/queue")).queue_running.map(([, id]) => id);
  await until("three that run", async () => ((await running()).length === 3 ? true : undefined));
  await client.interrupt(ids[1] ?? "");
  await until("two that run", async () => ((await running()).length === 2 ? true : undefined));
  assert.deepEqual((await running()).sort(), [ids[0], ids[2]].sort());
  await hub.post("/interrupt", {});
  await hub.idle();
  for (const id of ids)
    assert.equal((await hub.json<{ status: string }>(`/api/jobs/${id}`)).status, "cancelled");
  client.close();
});
