/** Dials the hub, again and again; a worker outlives its hub. */
import WebSocket from "ws";

export interface LinkEvents {
  /** a connection stands: say hello */
  readonly opened: () => void;
  readonly message: (text: string) => void;
  /** the hub is away since this moment */
  readonly closed: () => void;
}

const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 500;
/** A hub that accepts but does not answer counts as away. */
const HANDSHAKE_MS = 5_000;

export class LinkClient {
  readonly #socketPath: string;
  readonly #events: LinkEvents;
  #socket: WebSocket | undefined;
  #delay = FIRST_DELAY_MS;
  #stopped = false;

  constructor(socketPath: string, events: LinkEvents) {
    this.#socketPath = socketPath;
    this.#events = events;
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  dial(): void {
    const socket = new WebSocket(`ws+unix:${this.#socketPath}:/link`, {
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
      maxPayload: 1 << 30,
    });
    this.#socket = socket;
    socket.on("open", () => {
      this.#delay = FIRST_DELAY_MS;
      this.#events.opened();
    });
    socket.on("message", (data: Buffer) => this.#events.message(data.toString("utf8")));
    socket.on("error", () => {
      // "close" follows, and dials again.
    });
    socket.on("close", () => {
      if (this.#stopped) return;
      this.#events.closed();
      setTimeout(() => this.dial(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
    });
  }

  send(frame: string | Buffer): void {
    this.#socket?.send(frame);
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.close();
  }
}
