/** Where workers dial in: a WebSocket server on a Unix socket that only this user can open. */
import { chmodSync, rmSync } from "node:fs";
import http from "node:http";
import {
  type AttemptRef,
  LINK_VERSION,
  parseJson,
  type Preview,
  type RunMessage,
  unpackPreview,
  type WorkerToHub,
} from "@hearth/protocol";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import { WorkerLink } from "./worker-link.ts";

/** A worker that says nothing for this long is lost, even when its connection looks open. */
const SILENCE_MS = 10_000;
const CHECK_MS = 1_000;
const HELLO_MS = 5_000;

export interface GatewayEvents {
  /** The worker said hello; answers which of its attempts it keeps. */
  readonly joined: (link: WorkerLink) => Promise<void>;
  readonly lost: (link: WorkerLink) => void;
  readonly said: (
    link: WorkerLink,
    message: Exclude<WorkerToHub, { type: "hello" | "validated" | "heartbeat" }>,
  ) => void;
}

export class LinkGateway {
  readonly #path: string;
  readonly #token: string;
  readonly #events: GatewayEvents;
  readonly #log: Logger;
  readonly #http = http.createServer();
  readonly #server = new WebSocketServer({
    server: this.#http,
    path: "/link",
    perMessageDeflate: false,
    maxPayload: 1 << 30,
  });
  readonly #links = new Set<WorkerLink>();
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, token: string, events: GatewayEvents, log: Logger) {
    this.#path = path;
    this.#token = token;
    this.#events = events;
    this.#log = log;
    this.#server.on("connection", (socket) => this.#accept(socket));
  }

  get links(): ReadonlySet<WorkerLink> {
    return this.#links;
  }

  async listen(): Promise<void> {
    // Only one hub holds the database of this base directory, so a socket file that lies here is a dead hub's.
    rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(this.#path, resolve);
    });
    chmodSync(this.#path, 0o600);
    this.#timer = setInterval(() => this.#dropSilent(), CHECK_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #accept(socket: WebSocket): void {
    let link: WorkerLink | undefined;
    const helloTimer = setTimeout(() => socket.terminate(), HELLO_MS);
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      clearTimeout(helloTimer);
      if (link === undefined || !this.#links.delete(link)) return;
      link.lost();
      this.#events.lost(link);
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      try {
        if (link === undefined) {
          link = this.#hello(socket, data);
          if (link !== undefined) clearTimeout(helloTimer);
        } else this.#hear(link, data, isBinary);
      } catch (error) {
        this.#log.error({ err: error }, "a worker sent what the link does not know");
        socket.terminate();
      }
    });
  }

  #hello(socket: WebSocket, data: Buffer): WorkerLink | undefined {
    const hello = parseJson(data.toString("utf8")) as unknown as WorkerToHub;
    if (hello.type !== "hello" || hello.version !== LINK_VERSION || hello.token !== this.#token) {
      socket.terminate();
      return undefined;
    }
    const link = new WorkerLink(socket, hello);
    this.#links.add(link);
    void this.#events.joined(link);
    return link;
  }

  #hear(link: WorkerLink, data: Buffer, isBinary: boolean): void {
    link.heardAt = performance.now();
    if (isBinary) {
      const { head, bytes } = unpackPreview(data);
      const { attempt, message, preview } = parseJson(head) as unknown as {
        attempt: AttemptRef;
        message: RunMessage & { kind: "progress" };
        preview: Omit<Preview, "bytes">;
      };
      const item: RunMessage = { ...message, preview: { ...preview, bytes } };
      this.#events.said(link, { type: "messages", ...attempt, items: [item] });
      return;
    }
    const message = parseJson(data.toString("utf8")) as unknown as WorkerToHub;
    if (message.type === "heartbeat") link.stats = message.stats;
    else if (message.type === "validated") link.answered(message.request, message.outcome);
    else if (message.type !== "hello") this.#events.said(link, message);
  }

  #dropSilent(): void {
    for (const link of this.#links) {
      if (performance.now() - link.heardAt > SILENCE_MS) {
        this.#log.warn({ worker: link.workerId }, "worker is silent; its link is closed");
        link.terminate();
      }
    }
  }
}
