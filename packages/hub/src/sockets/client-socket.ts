/** One client's socket: sends in order, and gives up on a client that never reads. */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/** A client that lets this much pile up is not coming back for it. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

export type Frame = string | Buffer;

/** What a client says of itself in its feature flags. */
export interface Wants {
  /** `supports_preview_metadata`: previews that say whose they are */
  readonly previewMetadata: boolean;
  /** `supports_progress_text`: texts of nodes as JSON too, with their prompt */
  readonly progressText: boolean;
}

/** Holds back every frame behind it until it is opened. */
interface Gate {
  isOpen: boolean;
}

export class ClientSocket {
  readonly sid: string;
  /** what the client said it can do; `undefined` until its first message */
  flags: Record<string, unknown> | undefined;
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  #isCorked = false;
  /** frames that wait, in order, behind the gates among them; empty while no gate is closed */
  readonly #waiting: (Frame | Gate)[] = [];

  /** `connection`: that of the socket. */
  constructor(sid: string, socket: WebSocket, connection: Duplex) {
    this.sid = sid;
    this.#socket = socket;
    this.#connection = connection;
  }

  /** Which of the frames that differ by capability the client takes. */
  get wants(): Wants {
    return {
      previewMetadata: this.flags?.["supports_preview_metadata"] === true,
      progressText: this.flags?.["supports_progress_text"] === true,
    };
  }

  send(frame: Frame): void {
    if (this.#waiting.length > 0) this.#waiting.push(frame);
    else this.#write(frame);
  }

  /**
   * From now on frames wait, in order, until the returned function is called. Each gate holds only what comes after it,
   * so a client that keeps asking for new ones hears everything with the delay of one.
   */
  holdBack(): () => void {
    const gate: Gate = { isOpen: false };
    this.#waiting.push(gate);
    return () => {
      gate.isOpen = true;
      this.#drain();
    };
  }

  #drain(): void {
    let done = 0;
    for (const item of this.#waiting) {
      if (typeof item === "string" || Buffer.isBuffer(item)) this.#write(item);
      else if (!item.isOpen) break;
      done += 1;
    }
    this.#waiting.splice(0, done);
  }

  #write(frame: Frame): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BACKLOG_BYTES) return this.#socket.terminate();
    this.#cork();
    this.#socket.send(frame, { binary: typeof frame !== "string" });
  }

  /** What is said in one turn goes out in one piece: asking the system costs more than what is said. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#connection.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#connection.uncork();
    });
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
