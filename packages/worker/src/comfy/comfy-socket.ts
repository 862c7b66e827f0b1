/**
 * The one WebSocket to a ComfyUI. It dials again for as long as it is not closed, and closes a connection that gives
 * no sign of life. What it brings is a hint: whoever listens must not depend on it.
 */
import WebSocket from "ws";
import type { ComfyAddress } from "./address.ts";

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const HANDSHAKE_MS = 10_000;
const MAX_FRAME_BYTES = 256 * 1024 * 1024;
const HELLO = JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } });

export interface ComfySocketEvents {
  readonly opened: () => void;
  readonly frame: (data: Buffer, isBinary: boolean) => void;
  /** a connection ended, or could not be made; it is dialled again */
  readonly closed: (reason: string) => void;
}

export class ComfySocket {
  readonly #address: ComfyAddress;
  readonly #clientId: string;
  readonly #pingMs: number;
  readonly #events: ComfySocketEvents;
  #socket: WebSocket | undefined;
  #delay = FIRST_DELAY_MS;
  #redial: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(address: ComfyAddress, clientId: string, pingMs: number, events: ComfySocketEvents) {
    this.#address = address;
    this.#clientId = clientId;
    this.#pingMs = pingMs;
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  dial(): void {
    const socket = new WebSocket(this.#address.webSocket(this.#clientId), {
      headers: { ...this.#address.headers },
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
    });
    this.#socket = socket;
    let reason = "it was closed";
    let isAlive = true;
    let pings: NodeJS.Timeout | undefined;
    socket.on("open", () => {
      this.#delay = FIRST_DELAY_MS;
      // Only the first message is read: it says that previews may name their node.
      socket.send(HELLO);
      pings = setInterval(() => {
        if (!isAlive) {
          reason = "it gave no sign of life";
          socket.terminate();
          return;
        }
        isAlive = false;
        socket.ping();
      }, this.#pingMs);
      this.#events.opened();
    });
    socket.on("pong", () => {
      isAlive = true;
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      isAlive = true;
      if (socket === this.#socket) this.#events.frame(data, isBinary);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on("close", () => {
      clearInterval(pings);
      if (this.#isClosed || socket !== this.#socket) return;
      this.#socket = undefined;
      this.#redial = setTimeout(() => this.dial(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
      this.#events.closed(reason);
    });
  }

  /** The connection stands, but what should have come did not: another one is made. */
  renew(): void {
    if (this.isOpen) this.#socket?.terminate();
  }

  /** Dials at once when it waits for its turn. */
  hurry(): void {
    if (this.#redial === undefined || this.#socket !== undefined || this.#isClosed) return;
    clearTimeout(this.#redial);
    this.dial();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#redial);
    this.#socket?.terminate();
  }
}
