/**
 * HTTP/1.1 over plain sockets, kept alive, one request in flight on each. `fetch` and `node:http` cost more per request
 * than the servers measured here, so they would measure themselves.
 */
import { once } from "node:events";
import net from "node:net";
import { summary, type Summary } from "./statistics.ts";

interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** milliseconds from sending a request to its whole answer */
  readonly latency: Summary;
  readonly bodyBytes: number;
}

export interface LoadOptions {
  readonly connections: number;
  /** the load ends at whichever of the two comes first */
  readonly maxRequests: number;
  readonly maxSeconds: number;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const CHUNKED_END = Buffer.from("\r\n0\r\n\r\n");
const EMPTY = Buffer.alloc(0);

export function requestBytes(url: string, method: string, route: string, body?: string): Buffer {
  const { host } = new URL(url);
  const content =
    body === undefined
      ? ""
      : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${route} HTTP/1.1\r\nhost: ${host}\r\n${content}\r\n${body ?? ""}`);
}

/** One kept-alive connection. Knows bodies with a length, chunked ones (by their last bytes), and none. */
export class Connection {
  readonly #socket: net.Socket;
  #chunks: Buffer[] = [];
  #head: { status: number; length: number | undefined; size: number } | undefined;
  #received = 0;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed a kept-alive connection")));
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ""));
    await once(socket, "connect");
    return new Connection(socket);
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  #take(chunk: Buffer): void {
    this.#received += chunk.length;
    this.#chunks.push(chunk);
    if (this.#head === undefined) {
      const all = this.#joined();
      const end = all.indexOf(HEAD_END);
      if (end < 0) return;
      const head = all.toString("latin1", 0, end);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
      const size = end + HEAD_END.length;
      const status = Number(head.slice(9, 12));
      this.#head = { status, length: isChunked ? undefined : Number(length ?? 0), size };
    }
    const { status, length, size } = this.#head;
    if (length === undefined ? !this.#endsChunked() : this.#received < size + length) return;
    const bodyBytes = this.#received - size;
    this.#head = undefined;
    this.#chunks = [];
    this.#received = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status, bodyBytes });
  }

  #endsChunked(): boolean {
    const last = this.#chunks.at(-1) ?? EMPTY;
    const tail = last.length >= CHUNKED_END.length ? last : this.#joined();
    return tail.subarray(-CHUNKED_END.length).equals(CHUNKED_END);
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? EMPTY;
  }
}

/** Sends what `next` gives (by the number of the request) over `connections` at once. @throws on an answer that is not 2xx */
export async function load(
  url: string,
  next: (index: number) => Buffer,
  { connections, maxRequests, maxSeconds }: LoadOptions,
): Promise<LoadResult> {
  const latencies: number[] = [];
  let sent = 0;
  let bodyBytes = 0;
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)));
  const started = performance.now();
  const deadline = started + maxSeconds * 1000;
  const drive = async (connection: Connection): Promise<void> => {
    while (sent < maxRequests) {
      const request = next(sent++);
      const before = performance.now();
      if (before > deadline) return;
      const answer = await connection.send(request);
      latencies.push(performance.now() - before);
      bodyBytes = answer.bodyBytes;
      if (answer.status < 200 || answer.status > 299) throw new Error(`the server answered ${answer.status}`);
    }
  };
  try {
    await Promise.all(open.map(drive));
  } finally {
    for (const connection of open) connection.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const requests = latencies.length;
  return { requests, seconds, perSecond: requests / seconds, latency: summary(latencies), bodyBytes };
}
