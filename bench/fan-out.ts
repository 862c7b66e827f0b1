/**
 * One running job of a really started server in front of many clients at once: streams of Control (`?push=1`) and sockets
 * of Studio, and of ComfyUI where asked for. Measured is the end of the run: from the moment at which the first of all
 * clients (the socket of the job's own ComfyUI client is one) has the worker's message, until the last of each kind has
 * it.
 *
 *   node bench/fan-out.ts [--streams 1000] [--studio 1000] [--comfy 0] [--rounds 5]
 *
 * The clients share one process: what it needs to read counts too.
 */
import { once } from "node:events";
import net from "node:net";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { report } from "./report.ts";
import { summary } from "./statistics.ts";
import { HEARTH_COMMAND, newBase, removeBase, sleep, StartedServer } from "./target.ts";

const KEY = "key-of-the-benchmark";
const MAX_CLIENTS = 10_000;
const AT_ONCE = 50;

/** Texts that came, looked at for words; the arrival of the first that has them counts. */
class Listener {
  #waiting: { words: readonly string[]; resolve: (at: number) => void } | undefined;
  /** ends the connection */
  close: () => void = () => undefined;

  heard(...words: string[]): Promise<number> {
    return new Promise((resolve) => (this.#waiting = { words, resolve }));
  }

  take(text: string): void {
    const waiting = this.#waiting;
    if (waiting === undefined || !waiting.words.every((word) => text.includes(word))) return;
    this.#waiting = undefined;
    waiting.resolve(performance.now());
  }
}

async function openSocket(url: string, target: string): Promise<Listener> {
  const socket = new WebSocket(url.replace(/^http/, "ws") + target, {
    perMessageDeflate: false,
    handshakeTimeout: 60_000,
  });
  const listener = new Listener();
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    if (!isBinary) listener.take(data.toString("latin1"));
  });
  socket.on("error", () => socket.terminate());
  await once(socket, "open");
  listener.close = () => socket.terminate();
  return listener;
}

async function openStream(url: string, id: string): Promise<Listener> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  await once(socket, "connect");
  const listener = new Listener();
  socket.on("data", (chunk: Buffer) => listener.take(chunk.toString("latin1")));
  const first = listener.heard("data: {");
  socket.write(
    `GET /v1/workflow/${id}/subscribe?push=1&limit=0 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
  );
  await first;
  listener.close = () => socket.destroy();
  return listener;
}

async function openMany(count: number, open: (index: number) => Promise<Listener>): Promise<Listener[]> {
  const all: Listener[] = [];
  while (all.length < count) {
    const from = all.length;
    const batch = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, index) => open(from + index));
    all.push(...(await Promise.all(batch)));
  }
  return all;
}

function prompt(color: number, seconds: number): object {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
}

async function post(url: string, route: string, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${KEY}` };
  const answer = await fetch(url + route, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${route} answered ${answer.status}: ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

type Kind = "Control streams" | "Studio sockets" | "ComfyUI sockets";
type Counts = Readonly<Record<Kind, number>>;
type Lasts = Partial<Record<Kind, number>>;

/** Milliseconds from the first to the last of each kind. */
async function round(url: string, counts: Counts, color: number): Promise<Lasts> {
  const client = `fan-out-${color}`;
  const witness = await openSocket(url, `/ws?clientId=${client}`);
  // The job waits behind another one until everybody is there.
  const blocker = await post(url, "/prompt", { prompt: prompt(color, 300) });
  const job = await post(url, "/prompt", { prompt: prompt(color + 0x10000, 1), client_id: client });
  const id = String(job["prompt_id"]);
  const open: [Kind, string, Listener[]][] = [];
  try {
    open.push(
      [
        "Control streams",
        '"completed"',
        await openMany(counts["Control streams"], () => openStream(url, id)),
      ],
      [
        "Studio sockets",
        "job.completed",
        await openMany(counts["Studio sockets"], () => openSocket(url, `/api/run/ws?token=${KEY}`)),
      ],
      [
        "ComfyUI sockets",
        '"queue_remaining": 0',
        await openMany(counts["ComfyUI sockets"], (index) => openSocket(url, `/ws?clientId=fan-${index}`)),
      ],
    );
    const began = witness.heard("execution_success", id);
    const heard = open.map(([kind, word, listeners]) => ({
      kind,
      times: listeners.map((one) => one.heard(word)),
    }));
    await post(url, "/interrupt", { prompt_id: blocker["prompt_id"] });
    const first = await Promise.race([began, ...heard.flatMap(({ times }) => times)]);
    const lasts: Lasts = {};
    for (const { kind, times } of heard) {
      if (times.length > 0) lasts[kind] = Math.max(...(await Promise.all(times))) - first;
    }
    return lasts;
  } finally {
    for (const one of [witness, ...open.flatMap(([, , listeners]) => listeners)]) one.close();
    // The server takes note of so many closed connections: that is not part of the next round.
    await sleep(500);
  }
}

async function main(): Promise<void> {
  const number = (fallback: string): { type: "string"; default: string } => ({
    type: "string",
    default: fallback,
  });
  const { values } = parseArgs({
    options: { streams: number("1000"), studio: number("1000"), comfy: number("0"), rounds: number("5") },
  });
  const count = (text: string): number => Math.min(MAX_CLIENTS, Math.max(0, Number(text) || 0));
  const counts: Counts = {
    "Control streams": count(values.streams),
    "Studio sockets": count(values.studio),
    "ComfyUI sockets": count(values.comfy),
  };
  const rounds = Math.max(1, Number(values.rounds) || 1);
  Object.assign(process.env, { API_KEY: KEY, HEARTH_CONTROL_RATE: "0" });
  const base = newBase();
  const packs = new URL("../examples/custom_nodes", import.meta.url).pathname;
  try {
    const server = await StartedServer.start(`${HEARTH_COMMAND} --custom-nodes-directory '${packs}'`, base);
    try {
      const all: Lasts[] = [];
      // The first round warms the server up.
      for (let index = 0; index <= rounds; index += 1) all.push(await round(server.url, counts, index));
      for (const [kind, clients] of Object.entries(counts) as [Kind, number][]) {
        if (clients === 0) continue;
        const { p50, max } = summary(all.slice(1).map((lasts) => lasts[kind] ?? Number.NaN));
        report(`worker's message to the last of ${clients} ${kind}, p50`, p50, "ms");
        report(`worker's message to the last of ${clients} ${kind}, max`, max, "ms");
      }
    } finally {
      await server.stop();
    }
  } finally {
    removeBase(base);
  }
}

await main();
