/** The peer's WebSockets, down to their bytes. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { randomUUID } from "node:crypto";
import { WebSocketServer, type WebSocket } from "ws";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";
import type { FrameFault } from "./faults.ts";

interface Client {
  readonly sid: string;
  readonly ws: WebSocket;
  readonly socket: Duplex;
  previewMetadata: boolean;
  isSilent: boolean;
  isHalfOpen: boolean;
}

/** What a socket is greeted with. */
export interface Greeting {
  readonly queueRemaining: number;
  /** the node that the socket's own prompt is at */
  readonly currentNode: (sid: string) => string | undefined;
  readonly features: () => unknown;
}

/** A server's frame as it goes over the wire: never masked. */
function wireBytes(frame: string | Buffer): Buffer {
  const payload = typeof frame === "string" ? Buffer.from(frame) : frame;
  const head = Buffer.alloc(10);
  head[0] = typeof frame === "string" ? 0x81 : 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

export class PeerSockets {
  readonly #server = new WebSocketServer({ noServer: true, autoPong: false });
  readonly #clients = new Set<Client>();
  /** every sid that ever connected, in order */
  readonly connected: string[] = [];
  /** every frame of a run, as it was meant to be sent */
  readonly meant: { readonly sid: string | undefined; readonly frame: string | Buffer }[] = [];
  readonly #greeting: Greeting;

  constructor(greeting: Greeting) {
    this.#greeting = greeting;
  }

  get sids(): readonly string[] {
    return [...this.#clients].map((client) => client.sid);
  }

  wantsPreviewMetadata(sid: string | undefined): boolean {
    return [...this.#clients].some((client) => client.sid === sid && client.previewMetadata);
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const asked = new URL(request.url ?? "/", "http://peer").searchParams.get("clientId");
      const sid = asked === null || asked === "" ? randomUUID().replaceAll("-", "") : asked;
      // A new socket of the same id takes the old one's place.
      for (const client of this.#clients) if (client.sid === sid) this.#clients.delete(client);
      const client: Client = {
        sid,
        ws,
        socket,
        previewMetadata: false,
        isSilent: false,
        isHalfOpen: false,
      };
      this.#clients.add(client);
      this.connected.push(sid);
      ws.on("close", () => this.#clients.delete(client));
      ws.on("error", () => this.#clients.delete(client));
      ws.on("ping", (data: Buffer) => {
        if (!client.isHalfOpen) ws.pong(data);
      });
      ws.once("message", (data: Buffer, isBinary: boolean) => {
        if (!isBinary) this.#heard(client, data.toString());
      });
      const status = { exec_info: { queue_remaining: this.#greeting.queueRemaining } };
      ws.send(printJson({ type: "status", data: { status, sid } }));
      const node = this.#greeting.currentNode(sid);
      if (node !== undefined) ws.send(printJson({ type: "executing", data: { node } }));
    });
  }

  #heard(client: Client, text: string): void {
    const message = parseJson(text);
    if (!isJsonObject(message) || message["type"] !== "feature_flags") return;
    const flags = message["data"];
    client.previewMetadata = isJsonObject(flags) && flags["supports_preview_metadata"] === true;
    client.ws.send(printJson({ type: "feature_flags", data: this.#greeting.features() }));
  }

  /** Sends to one sid, or to everybody; with a fault, what comes of it. */
  send(sid: string | undefined, frame: string | Buffer, fault?: FrameFault, foreign?: string | Buffer): void {
    this.meant.push({ sid, frame });
    for (const client of this.#clients) {
      if (sid === undefined || client.sid === sid) this.#sendTo(client, frame, fault, foreign);
    }
  }

  #sendTo(client: Client, frame: string | Buffer, fault?: FrameFault, foreign?: string | Buffer): void {
    const say = (what: string | Buffer): void => {
      if (!client.isSilent && !client.isHalfOpen) client.ws.send(what);
    };
    if (fault?.kind === "silence") client.isSilent = true;
    if (fault?.kind === "half-open") {
      client.isHalfOpen = true;
      client.socket.pause();
    }
    if (fault?.kind === "swallow") return;
    if (fault?.kind === "drop-socket") {
      client.socket.destroy();
      return;
    }
    if (fault?.kind === "half-frame") {
      const bytes = wireBytes(frame);
      client.socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => client.socket.destroy());
      return;
    }
    if (fault?.kind === "garbage-first") {
      say('{"type": "executed", "data": {"node": ');
      say(Buffer.from([0, 0, 0, 99, 1, 2, 3]));
      say(Buffer.from([0, 0]));
    }
    if (fault?.kind === "foreign-first" && foreign !== undefined) say(foreign);
    say(frame);
    if (fault?.kind === "duplicate") say(frame);
  }

  /** Everything is cut, as when the process dies. */
  destroy(): void {
    for (const client of this.#clients) client.socket.destroy();
    this.#clients.clear();
  }
}
