/**
 * Figures of ComfyUI workers, against a ComfyUI that is replayed from recordings:
 * `node bench/workers.ts [--jobs N] [--workers 1,3,10,50] [--seconds S]`
 *
 * - what the way through Hearth adds to a prompt, from the POST to `execution_success`, against asking the same peer
 * - throughput of prompts that sleep, with N workers; 1.0 means that N workers do N times what one does
 */
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { ComfyPeer } from "../tests/workers/peer/peer.ts";
import { report } from "./report.ts";
import { summary } from "./statistics.ts";
import { HEARTH_COMMAND, newBase, removeBase, sleep, StartedServer } from "./target.ts";

const CLASSES = ["EmptyImage", "ImageInvert", "SaveImage", "PreviewAny", "PrimitiveString", "StubImage"];

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "300" },
    workers: { type: "string", default: "1,3,10,50" },
    seconds: { type: "string", default: "1" },
  },
});
const jobs = Math.max(10, Number(values.jobs) || 0);
const seconds = Number(values.seconds) || 1;

let color = 0;
const smallPrompt = (): unknown => ({
  "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: (color += 1) } },
  "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "bench" } },
});
const sleepPrompt = (): unknown => ({
  "1": { class_type: "StubImage", inputs: { content: "BLACK", height: 8, width: 8, batch_size: 1 } },
  "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
  "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
});

/** Milliseconds from the POST to `execution_success` on the client's own socket, one prompt after another. */
async function latencies(url: string, count: number): Promise<number[]> {
  const client = randomUUID();
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws?clientId=${client}`);
  await once(socket, "open");
  let ended: (() => void) | undefined;
  socket.on("message", (data: Buffer, isBinary) => {
    if (!isBinary && data.includes('"type": "execution_success"')) ended?.();
  });
  const taken: number[] = [];
  for (let run = 0; run < count; run += 1) {
    const success = new Promise<void>((resolve) => (ended = resolve));
    const began = performance.now();
    const response = await fetch(`${url}/prompt`, {
      method: "POST",
      body: JSON.stringify({ prompt: smallPrompt(), client_id: client }),
    });
    if (response.status !== 200) throw new Error(`the prompt was refused: ${await response.text()}`);
    await response.arrayBuffer();
    await success;
    taken.push(performance.now() - began);
  }
  socket.terminate();
  return taken;
}

/** A Hearth that has nothing but these ComfyUIs. */
async function withHearth<T>(peers: readonly ComfyPeer[], act: (url: string) => Promise<T>): Promise<T> {
  const base = newBase();
  const flags = peers.map((peer) => `--comfyui ${peer.url}`).join(" ");
  const server = await StartedServer.start(`${HEARTH_COMMAND} --no-native ${flags}`, base);
  try {
    // A worker counts once its ComfyUI heard its socket.
    while (peers.some((peer) => peer.sids.length === 0)) await sleep(50);
    while ((await (await fetch(`${server.url}/object_info/EmptyImage`)).text()) === "{}") await sleep(50);
    return await act(server.url);
  } finally {
    await server.stop();
    removeBase(base);
  }
}

async function withPeers<T>(count: number, act: (peers: readonly ComfyPeer[]) => Promise<T>): Promise<T> {
  const classes = [...CLASSES, "TestSleep", "PreviewImage"];
  const peers: ComfyPeer[] = [];
  try {
    for (let number = 0; number < count; number += 1) peers.push(await ComfyPeer.start({ classes }));
    return await act(peers);
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

async function measureLatency(): Promise<void> {
  await withPeers(1, async (peers) => {
    const [peer] = peers as [ComfyPeer];
    await latencies(peer.url, 20);
    const direct = summary(await latencies(peer.url, jobs));
    const through = await withHearth(peers, async (url) => {
      await latencies(url, 20);
      return summary(await latencies(url, jobs));
    });
    report("direct, POST to success p50", direct.p50, "ms");
    report("direct, POST to success p99", direct.p99, "ms");
    report("through a ComfyUI worker p50", through.p50, "ms");
    report("through a ComfyUI worker p99", through.p99, "ms");
    report("added by Hearth p50", through.p50 - direct.p50, "ms");
    report("added by Hearth p99", through.p99 - direct.p99, "ms");
  });
}

/** Jobs per second of sleeping prompts, from the first to the last. */
async function throughput(count: number): Promise<number> {
  return withPeers(count, (peers) =>
    withHearth(peers, async (url) => {
      const total = count * Math.max(4, Math.ceil(10 / seconds));
      const post = async (): Promise<void> => {
        const body = JSON.stringify({ prompt: sleepPrompt() });
        const response = await fetch(`${url}/prompt`, { method: "POST", body });
        if (response.status !== 200) throw new Error(`the prompt was refused: ${await response.text()}`);
        await response.arrayBuffer();
      };
      const done = (): number => peers.reduce((sum, peer) => sum + peer.history.size, 0);
      const began = performance.now();
      await Promise.all(Array.from({ length: total }, post));
      while (done() < total) await sleep(10);
      const rate = (total / (performance.now() - began)) * 1000;
      const shares = peers.map((peer) => peer.history.size);
      console.log(
        `${total} jobs over ${count} workers: ${Math.min(...shares)} to ${Math.max(...shares)} each`,
      );
      return rate;
    }),
  );
}

await measureLatency();
let one: number | undefined;
for (const count of values.workers.split(",").map(Number)) {
  const rate = await throughput(count);
  one ??= rate / count;
  report(`sleeping prompts, ${count} workers`, rate, "jobs/s");
  report(`sleeping prompts, ${count} workers, of ${count} times one`, rate / (one * count), "");
}
