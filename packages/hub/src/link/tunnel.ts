/**
 * Connections to the ComfyUI that a worker drives, wherever it is: the hub says `tunnel` over the link, the worker dials
 * `/link/tunnels/<id>`, and that WebSocket carries the bytes of one connection. An id is good for one dial.
 */
import { randomUUID } from "node:crypto";
import http from "node:http";
import type { Duplex } from "node:stream";
import { createWebSocketStream, type WebSocket } from "ws";
import type { WorkerLink } from "./worker-link.ts";

/** A worker that has not dialled after so long will not. */
const DIAL_MS = 5_000;
/** Connections to one ComfyUI at once; more requests wait. */
const MOST_CONNECTIONS = 64;
const MOST_FREE = 4;
/** An unused connection ends before the ComfyUI ends it, so that no request is sent into its end. */
const FREE_MS = 15_000;

interface Wanted {
  readonly link: WorkerLink;
  readonly timer: NodeJS.Timeout;
  readonly give: (stream: Duplex) => void;
  readonly fail: (error: Error) => void;
}

export class Tunnels {
  readonly #wanted = new Map<string, Wanted>();
  readonly #open = new Map<WorkerLink, Set<Duplex>>();
  readonly #agents = new Map<WorkerLink, TunnelAgent>();

  /** A new connection. @throws Error when the worker does not dial in time, or goes */
  open(link: WorkerLink): Promise<Duplex> {
    const id = randomUUID();
    return new Promise((give, fail) => {
      const timer = setTimeout(() => {
        this.#wanted.delete(id);
        fail(
          new Error(
            `the worker '${link.name}' opened no connection to its ComfyUI within ${DIAL_MS / 1_000} s`,
          ),
        );
      }, DIAL_MS);
      this.#wanted.set(id, { link, timer, give, fail });
      link.send({ type: "tunnel", id });
    });
  }

  /** Keeps connections of one worker for several requests. */
  agentOf(link: WorkerLink): TunnelAgent {
    let agent = this.#agents.get(link);
    if (agent === undefined) {
      agent = new TunnelAgent(() => this.open(link));
      this.#agents.set(link, agent);
    }
    return agent;
  }

  /** Who is to dial this id; `undefined`: nobody, or not any more. */
  wantedFrom(id: string): WorkerLink | undefined {
    return this.#wanted.get(id)?.link;
  }

  /** The worker has dialled. */
  dialled(id: string, socket: WebSocket): void {
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) return socket.terminate();
    this.#wanted.delete(id);
    clearTimeout(wanted.timer);
    const stream = createWebSocketStream(socket);
    const streams = this.#open.get(wanted.link) ?? new Set();
    this.#open.set(wanted.link, streams.add(stream));
    stream.once("close", () => streams.delete(stream));
    // Who uses the connection hears of it as well; between two requests nobody does.
    stream.on("error", () => undefined);
    wanted.give(stream);
  }

  /** The worker is gone, and its connections with it. */
  lost(link: WorkerLink): void {
    for (const [id, { link: other, timer, fail }] of this.#wanted) {
      if (other !== link) continue;
      this.#wanted.delete(id);
      clearTimeout(timer);
      fail(new Error(`the worker '${link.name}' went away`));
    }
    this.#agents.get(link)?.destroy();
    this.#agents.delete(link);
    for (const stream of this.#open.get(link) ?? []) stream.destroy();
    this.#open.delete(link);
  }
}

/** An agent whose connections are tunnels, kept for a while when a request is done. */
export class TunnelAgent extends http.Agent {
  readonly #open: () => Promise<Duplex>;
  /** unused connections, each with what ends its wait */
  readonly #free = new WeakMap<Duplex, () => void>();

  constructor(open: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: MOST_CONNECTIONS, maxFreeSockets: MOST_FREE });
    this.#open = open;
  }

  override createConnection(
    _options: http.ClientRequestArgs,
    done?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#open().then(
      (stream) => done?.(null, likeSocket(stream)),
      (error: Error) => done?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }

  override keepSocketAlive(stream: Duplex): boolean {
    const end = (): void => void stream.destroy();
    const timer = setTimeout(end, FREE_MS).unref();
    // The ComfyUI may end it; only who reads hears of that.
    stream.once("end", end).resume();
    this.#free.set(stream, () => {
      clearTimeout(timer);
      stream.off("end", end);
    });
    return true;
  }

  override reuseSocket(stream: Duplex): void {
    this.#free.get(stream)?.();
  }
}

/** What a request may ask of its connection, and a stream has not: nothing comes of it. */
function likeSocket(stream: Duplex): Duplex {
  const same = (): Duplex => stream;
  return Object.assign(stream, {
    setTimeout: same,
    setNoDelay: same,
    setKeepAlive: same,
    ref: same,
    unref: same,
  });
}
