/** What goes on beside the event table: the file follows it, and what is old leaves it. */
import type { EventFile, JobStore } from "@hearth/jobs";
import type { Logger } from "pino";
import { EventTrimmer } from "./event-trimmer.ts";

const APPEND_MS = 500;

export interface UpkeepParts {
  readonly store: Pick<JobStore, "version" | "trimEvents">;
  readonly file: EventFile;
  readonly log: Logger;
}

export class EventUpkeep {
  readonly #file: EventFile;
  readonly #trimmer: EventTrimmer;
  readonly #timer: NodeJS.Timeout;

  /** Goes on until it is closed. */
  constructor({ store, file, log }: UpkeepParts) {
    this.#file = file;
    this.#trimmer = new EventTrimmer({ store, file, log });
    let { version } = store;
    // The file follows at its own pace: nobody waits for it.
    this.#timer = setInterval(() => {
      if (store.version === version) return;
      ({ version } = store);
      file.append().catch((error: unknown) => log.error({ err: error }, "events.jsonl could not be written"));
    }, APPEND_MS);
  }

  /** Writes what is left into the file. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#trimmer.stop();
    await this.#file.append();
    await this.#file.close();
  }
}
