/** Old events leave the database: the log is a file and a ring, and the table would grow for ever. */
import type { EventFile, JobStore } from "@hearth/jobs";
import type { Logger } from "pino";

/** So many stay for who resumes: streams, sockets and webhooks read the table behind their own cursors. */
const KEPT_EVENTS = 100_000;
const EVERY_MS = 60_000;

export interface TrimmerParts {
  readonly store: Pick<JobStore, "trimEvents">;
  readonly file: Pick<EventFile, "written">;
  readonly log: Logger;
  readonly keep?: number;
  readonly everyMs?: number;
}

export class EventTrimmer {
  readonly #parts: TrimmerParts;
  readonly #timer: NodeJS.Timeout;
  #isTrimming = false;

  /** Trims from now on, until it is stopped. */
  constructor(parts: TrimmerParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#trim(), parts.everyMs ?? EVERY_MS);
    this.#timer.unref();
  }

  async #trim(): Promise<void> {
    // The first time there may be many millions, which takes longer than the interval.
    if (this.#isTrimming) return;
    this.#isTrimming = true;
    const { store, file, log, keep = KEPT_EVENTS } = this.#parts;
    try {
      const removed = await store.trimEvents({ keep, upTo: file.written });
      if (removed > 0) log.debug({ removed }, "old events were removed");
    } catch (error) {
      log.error({ err: error }, "old events could not be removed");
    } finally {
      this.#isTrimming = false;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
