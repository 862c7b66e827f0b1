/** All client sockets: who is connected under which id, and who hears what. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { isJsonObject, parseJson, type RunMessage } from "@hearth/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { ClientSocket, type Frame } from "./client-socket.ts";
import { jsonFrame, RunFrames } from "./run-frames.ts";

/** A socket that sent what it must not has this long to read the reason. */
const GOODBYE_MS = 1_000;
/** The limit of the reference for incoming messages. */
const MAX_INCOMING_BYTES = 4 * 1024 * 1024;

export interface SocketHubOptions {
  readonly queueRemaining: () => number;
  readonly features: () => Record<string, unknown>;
  /** node that the client's running prompt is at, for a client that comes (back) in the middle */
  readonly currentNode: (sid: string) => string | undefined;
  /** frames about what an operator should see, for who connects now */
  readonly standing: () => readonly string[];
}

export class SocketHub {
  readonly #options: SocketHubOptions;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_INCOMING_BYTES });
  readonly #clients = new Map<string, ClientSocket>();

  constructor(options: SocketHubOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#clients.size;
  }

  get(sid: string): ClientSocket | undefined {
    return this.#clients.get(sid);
  }

  /** Completes an upgrade that was let through. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#add(request, webSocket, socket));
  }

  #add(request: IncomingMessage, webSocket: WebSocket, connection: Duplex): void {
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    const sid = query.get("clientId") || randomUUID().replaceAll("-", "");
    const client = new ClientSocket(sid, webSocket, connection);
    // A new connection takes the id over; the older socket stays open and hears nothing more.
    this.#clients.set(sid, client);
    // What the client still sends is read and dropped meanwhile: ending at once would take the close code from it.
    webSocket.on("error", () => setTimeout(() => webSocket.terminate(), GOODBYE_MS).unref());
    webSocket.on("close", () => {
      if (this.#clients.get(sid) === client) this.#clients.delete(sid);
    });
    webSocket.on("message", (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.#hear(client, data.toString("utf8"));
    });
    client.send(jsonFrame("status", { ...this.#status(), sid }));
    const node = this.#options.currentNode(sid);
    if (node !== undefined) client.send(jsonFrame("executing", { node }));
    for (const frame of this.#options.standing()) client.send(frame);
  }

  /** Only the first message that is JSON counts, and only if it tells the client's features. */
  #hear(client: ClientSocket, text: string): void {
    if (client.flags !== undefined) return;
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      return;
    }
    // What is no object was never a message, and leaves the first place free.
    if (!isJsonObject(message)) return;
    client.flags = {};
    if (message["type"] !== "feature_flags") return;
    const data = message["data"];
    client.flags = isJsonObject(data) ? data : {};
    client.send(jsonFrame("feature_flags", this.#options.features()));
  }

  #status(): { status: unknown } {
    return { status: { exec_info: { queue_remaining: this.#options.queueRemaining() } } };
  }

  broadcastStatus(): void {
    if (this.#clients.size > 0) this.broadcast([jsonFrame("status", this.#status())]);
  }

  broadcast(frames: readonly Frame[]): void {
    for (const client of this.#clients.values()) {
      for (const frame of frames) client.send(frame);
    }
  }

  sendTo(sid: string, type: string, data: unknown): void {
    this.#clients.get(sid)?.send(jsonFrame(type, data));
  }

  /**
   * Hands one message of a run to those who hear it: the prompt's client; without a client only progress, previews
   * and interruptions are heard, by everyone; texts always by everyone.
   */
  tell(message: RunMessage, promptId: string, clientId: string | undefined): void {
    const frames = new RunFrames(message, promptId);
    const toAll =
      message.kind === "text" ||
      (clientId === undefined && (message.kind === "progress" || message.audience === "everyone"));
    if (toAll) {
      for (const client of this.#clients.values()) this.#sendAll(client, frames);
    } else if (clientId !== undefined) {
      const client = this.#clients.get(clientId);
      if (client !== undefined) this.#sendAll(client, frames);
    }
  }

  #sendAll(client: ClientSocket, frames: RunFrames): void {
    for (const frame of frames.for(client.wants)) client.send(frame);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#server.close();
  }
}
