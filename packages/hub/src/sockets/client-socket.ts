/** One client's socket: sends in order, and gives up on a client that never reads. */
import type { WebSocket } from "ws";

/** A client that lets this much pile up is not coming back for it. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

export type Frame = string | Buffer;

export class ClientSocket {
  readonly sid: string;
  /** what the client said it can do; `undefined` until its first message */
  flags: Record<string, unknown> | undefined;
  readonly #socket: WebSocket;

  constructor(sid: string, socket: WebSocket) {
    this.sid = sid;
    this.#socket = socket;
  }

  get wantsPreviewMetadata(): boolean {
    return this.flags?.["supports_preview_metadata"] === true;
  }

  send(frame: Frame): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BACKLOG_BYTES) this.#socket.terminate();
    else this.#socket.send(frame, { binary: typeof frame !== "string" });
  }

  /**
   * Resolves when the client's own program has gone round so many times: each ping is answered by it, not by its
   * system. A client that answers no pings is not waited for longer than `capMs`.
   */
  async settle(rounds: number, capMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const cap = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, capMs);
    });
    await Promise.race([cap, this.#goRound(rounds)]);
    clearTimeout(timer);
  }

  async #goRound(rounds: number): Promise<void> {
    for (let round = 0; round < rounds && this.#socket.readyState === this.#socket.OPEN; round += 1) {
      await new Promise<void>((resolve) => {
        this.#socket.once("pong", () => resolve());
        this.#socket.ping();
      });
    }
  }

  close(): void {
    this.#socket.close(1001);
  }
}
