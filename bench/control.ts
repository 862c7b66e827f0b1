/**
 * The Control contract: one running workflow with many streams. From the moment at which a plain ComfyUI socket of the
 * same server has the worker's message that the run succeeded, until the last stream has the snapshot of it.
 *
 *   node bench/control.ts [--streams 1000] [--rounds 5]
 */
import { once } from "node:events";
import net from "node:net";
import { parseArgs } from "node:util";
import { ClientSocket } from "./client-socket.ts";
import { report } from "./report.ts";
import { summary } from "./statistics.ts";
import { HEARTH_COMMAND, newBase, removeBase, StartedServer } from "./target.ts";

const KEY = "key-of-the-benchmark";
const MAX_STREAMS = 10_000;
const AT_ONCE = 50;

/** A stream over a plain socket; it only looks for words in what comes. */
class Stream {
  readonly #socket: net.Socket;
  #text = "";
  #waiting: { words: string; resolve: (at: number) => void } | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#look();
    });
  }

  static async open(url: string, id: string): Promise<Stream> {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    await once(socket, "connect");
    const stream = new Stream(socket);
    const first = stream.heard("data: {");
    socket.write(
      `GET /v1/workflow/${id}/subscribe?push=1&limit=0 HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${KEY}\r\n\r\n`,
    );
    await first;
    return stream;
  }

  /** When the words came; what came before them is forgotten. */
  heard(words: string): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting = { words, resolve };
      this.#look();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const at = this.#text.indexOf(waiting.words);
    if (at < 0) return;
    this.#text = this.#text.slice(at + waiting.words.length);
    this.#waiting = undefined;
    waiting.resolve(performance.now());
  }
}

/** A prompt that never comes out of the cache. It runs for so long that all streams have heard of its beginning. */
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
  if (!answer.ok) throw new Error(`${route} answered ${answer.status}: ${await answer.text()}`);
  const text = await answer.text();
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}

/** A job that waits behind one that runs for long, so that streams can be opened on it. */
async function round(url: string, streams: number, color: number): Promise<number> {
  const client = `bench-control-${color}`;
  const socket = await ClientSocket.open(url, client);
  const blocker = await post(url, "/prompt", { prompt: prompt(color, 60) });
  const job = await post(url, "/prompt", { prompt: prompt(color + 0x10000, 0.7), client_id: client });
  const id = String(job["prompt_id"]);
  const open: Stream[] = [];
  try {
    while (open.length < streams) {
      const count = Math.min(AT_ONCE, streams - open.length);
      open.push(...(await Promise.all(Array.from({ length: count }, () => Stream.open(url, id)))));
    }
    const success = socket.next((text) => text.includes("execution_success") && text.includes(id));
    const last = Promise.all(open.map((stream) => stream.heard('"status":"completed"')));
    await post(url, "/interrupt", { prompt_id: blocker["prompt_id"] });
    const began = await success;
    return Math.max(...(await last)) - began;
  } finally {
    for (const stream of open) stream.close();
    socket.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { streams: { type: "string", default: "1000" }, rounds: { type: "string", default: "5" } },
  });
  const streams = Math.min(MAX_STREAMS, Math.max(1, Number(values.streams) || 1));
  const rounds = Math.max(1, Number(values.rounds) || 1);
  Object.assign(process.env, { API_KEY: KEY, HEARTH_CONTROL_RATE: "0" });
  const base = newBase();
  const packs = new URL("../examples/custom_nodes", import.meta.url).pathname;
  try {
    const server = await StartedServer.start(`${HEARTH_COMMAND} --custom-nodes-directory '${packs}'`, base);
    try {
      const times: number[] = [];
      // The first round warms the server up.
      for (let index = 0; index <= rounds; index += 1) times.push(await round(server.url, streams, index));
      const { p50, max } = summary(times.slice(1));
      report(`worker's message to the last of ${streams} streams, p50`, p50, "ms");
      report(`worker's message to the last of ${streams} streams, max`, max, "ms");
    } finally {
      await server.stop();
    }
  } finally {
    removeBase(base);
  }
}

await main();
