/**
 * Contracts that are loaded once the server listens. Their code is half of the hub's: who only asks for ComfyUI's
 * operations does not wait for it at a start, and who asks for one of theirs meanwhile waits until they are there.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { SERVER_ERROR_TEXT } from "./errors.ts";
import type { OwnContracts } from "./own-contracts.ts";

/** Loading takes the thread for half a second: the first requests of a start are answered before. */
const LATE_MS = 1_000;

export class LateContracts {
  readonly #open: () => Promise<OwnContracts>;
  readonly #log: Logger;
  #opening: Promise<OwnContracts> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `open` is called once, by the first who needs them. */
  constructor(open: () => Promise<OwnContracts>, log: Logger) {
    this.#open = open;
    this.#log = log;
  }

  /** The server listens: they are loaded soon, or when somebody asks for them. */
  begin(): void {
    this.#timer = setTimeout(() => void this.load(), LATE_MS);
  }

  /** Loads them, if that has not begun. */
  load(): Promise<OwnContracts> {
    if (this.#opening === undefined) {
      this.#opening = this.#open();
      this.#opening.catch((error: unknown) => {
        this.#log.error({ err: error }, "Studio and Control cannot be served");
      });
    }
    return this.#opening;
  }

  /** Answers a request of theirs. */
  take(request: IncomingMessage, response: ServerResponse): void {
    this.load().then(
      ({ routing }) => routing(request, response),
      () => response.writeHead(500).end(SERVER_ERROR_TEXT),
    );
  }

  /** Takes an upgrade of theirs. */
  takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.load().then(
      ({ upgrade }) => upgrade(request, socket, head),
      () => socket.destroy(),
    );
  }

  async closeStreams(): Promise<void> {
    clearTimeout(this.#timer);
    await (await this.#opened())?.closeStreams();
  }

  async close(): Promise<void> {
    await (await this.#opened())?.close();
  }

  /** What was opened, or is just being opened. */
  #opened(): Promise<OwnContracts | undefined> {
    return this.#opening?.catch(() => undefined) ?? Promise.resolve(undefined);
  }
}
