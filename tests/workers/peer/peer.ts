/**
 * A ComfyUI that misbehaves on demand. It answers as the recorded one, runs prompts by replaying recorded message
 * sequences with their own ids, and does what its script of faults says. It notes everything that it was asked.
 */
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@hearth/protocol";
import { type Fault, FaultPlan, type Hold } from "./faults.ts";
import { PeerFiles } from "./files.ts";
import { NodeClasses } from "./node-classes.ts";
import type { QueueItem } from "./prompt-run.ts";
import { readRecordings, type Recording } from "./recordings.ts";
import { answer, placeOf, type Reply } from "./routes.ts";
import { type PeerOptions, PeerState } from "./state.ts";

export type { Fault, Hold } from "./faults.ts";
export type { PeerOptions } from "./state.ts";

/** A request that the peer was asked. */
export interface Call {
  readonly place: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly at: number;
  /** what came of it instead of a plain answer */
  readonly fault: Fault | undefined;
}

export class ComfyPeer {
  readonly files = new PeerFiles();
  readonly calls: Call[] = [];
  /** prompts that were taken into the queue, also before a restart */
  readonly accepted: QueueItem[] = [];
  readonly #plan = new FaultPlan();
  readonly #options: PeerOptions;
  readonly #classes: NodeClasses;
  readonly #recordings: readonly Recording[];
  readonly #sockets = new Set<Socket>();
  #server: http.Server | undefined;
  #state: PeerState;
  #stall: Promise<void> | undefined;
  #port = 0;

  private constructor(options: PeerOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
    this.#classes = new NodeClasses(options.classes);
    this.#recordings = readRecordings();
    this.#state = this.#freshState();
  }

  static async start(options: PeerOptions = {}): Promise<ComfyPeer> {
    const peer = new ComfyPeer(options);
    await peer.#listen();
    return peer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get history(): ReadonlyMap<string, JsonObject> {
    return this.#state.history;
  }

  get freed(): readonly JsonObject[] {
    return this.#state.freed;
  }

  get queueRemaining(): number {
    return this.#state.queueRemaining;
  }

  /** Client ids of open sockets. */
  get sids(): readonly string[] {
    return this.#state.sockets.sids;
  }

  /** Frames as they were meant to be sent to this client, since the last start. */
  meantFor(sid: string): (string | Buffer)[] {
    return this.#state.sockets.meant.filter((frame) => frame.sid === sid).map(({ frame }) => frame);
  }

  /** The next request or frame at this place meets the fault. */
  next(place: string, fault: Fault, times = 1): void {
    this.#plan.next(place, fault, times);
  }

  always(place: string, fault: Fault): void {
    this.#plan.always(place, fault);
  }

  never(place: string): void {
    this.#plan.never(place);
  }

  /** The next frame at this place waits, and the run with it. */
  hold(place: string): Hold {
    return this.#plan.hold(place);
  }

  /** How often this place was asked. */
  count(place: string): number {
    return this.calls.filter((call) => call.place === place).length;
  }

  /** Puts a prompt of somebody else into the queue, which runs until it is interrupted. */
  addForeign(promptId: string): void {
    this.#state.addForeign(promptId);
  }

  interruptForeign(): void {
    this.#state.running?.interrupt();
  }

  /** Sends a frame to every socket, or to one. */
  say(frame: string | Buffer, sid?: string): void {
    this.#state.sockets.send(sid, frame);
  }

  dropSockets(): void {
    this.#state.sockets.destroy();
  }

  /** Nothing is done or answered for a while; then all that came meanwhile, in its order, also what was given up on. */
  stall(ms: number): void {
    this.#stall = sleep(ms).then(() => (this.#stall = undefined));
  }

  /** Dies, with queue and history; files stay. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#state.die();
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    server.close();
    await once(server, "close");
  }

  /** Comes back after `die`, on the same port. */
  async comeBack(): Promise<void> {
    this.#state = this.#freshState();
    await this.#listen();
  }

  async restart(): Promise<void> {
    await this.die();
    await this.comeBack();
  }

  stop(): Promise<void> {
    return this.die();
  }

  #freshState(): PeerState {
    return new PeerState({
      options: this.#options,
      plan: this.#plan,
      files: this.files,
      classes: this.#classes,
      recordings: this.#recordings,
      accepted: (item) => this.accepted.push(item),
    });
  }

  async #listen(): Promise<void> {
    const server = http.createServer((request, response) => {
      void this.#take(request, response).catch((error: unknown) => {
        response.writeHead(500, { "content-type": "text/plain; charset=utf-8", connection: "close" });
        response.end(`500 Internal Server Error\n\n${String(error)}`);
      });
    });
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => socket.destroy());
    });
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", "http://peer");
    const path = url.pathname.startsWith("/api/jobs") ? url.pathname : url.pathname.replace(/^\/api\//, "/");
    const method = request.method ?? "GET";
    const place = placeOf(method, path);
    const fault = this.#plan.take(place, "*");
    this.calls.push({ place, path, query: url.searchParams, body, at: Date.now(), fault });
    if (fault?.kind === "stall") this.stall(fault.ms);
    await this.#stall;
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === "status") {
      send(response, method, { status: fault.status, body: fault.body ?? "" });
      return;
    }
    const reply = await answer(this.#state, {
      method,
      path,
      query: url.searchParams,
      headers: request.headers,
      body,
    });
    if (fault?.kind === "hang-after-accept") return;
    if (fault?.kind === "reset-after-accept") {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === "late") await sleep(fault.ms);
    if (fault?.kind === "half-answer") sendHalf(request.socket, reply);
    else send(response, method, reply);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? "/", "http://peer");
    const fault = this.#plan.take("GET /ws", "*");
    const { pathname: path, searchParams: query } = url;
    this.calls.push({ place: "GET /ws", path, query, body: Buffer.alloc(0), at: Date.now(), fault });
    if (fault?.kind === "hang") return;
    if (path !== "/ws" && path !== "/api/ws") socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    else if (fault?.kind === "status") socket.end(`HTTP/1.1 ${fault.status} No\r\nContent-Length: 0\r\n\r\n`);
    else if (fault !== undefined) socket.destroy();
    else this.#state.sockets.accept(request, socket, head);
  }
}

function bytesOf(reply: Reply): Buffer {
  return typeof reply.body === "string" ? Buffer.from(reply.body) : (reply.body ?? Buffer.alloc(0));
}

function send(response: ServerResponse, method: string, reply: Reply): void {
  const body = bytesOf(reply);
  response.writeHead(reply.status, { ...reply.headers, "content-length": body.length });
  response.end(method === "HEAD" || reply.status === 304 ? undefined : body);
}

function sendHalf(socket: Socket, reply: Reply): void {
  const body = bytesOf(reply);
  const headers = Object.entries(reply.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${reply.status} OK\r\n${headers.join("")}content-length: ${body.length}\r\n\r\n`);
  socket.write(body.subarray(0, Math.ceil(body.length / 2)), () => socket.destroy());
}
