/** Follows the event log of the store: one reader for all who want to know what changes. */
import type { JobEvent, JobStore } from "@hearth/jobs";
import type { Logger } from "pino";

const PAGE = 500;

/** Told of new events in their order, in batches. */
export type EventListener = (events: readonly JobEvent[]) => void;

export class EventFollower {
  readonly #store: JobStore;
  readonly #log: Logger;
  readonly #listeners = new Set<EventListener>();
  #seq = 0;
  #starting: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;
  #reading = false;
  #again = false;

  constructor(store: JobStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Tells `listener` of every event from now on. Resolves, when that holds, with the function that ends it. */
  async follow(listener: EventListener): Promise<() => void> {
    this.#listeners.add(listener);
    this.#starting ??= this.#start();
    await this.#starting;
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#starting = undefined;
  }

  async #start(): Promise<void> {
    const [newest] = await this.#store.latestEvents({ limit: 1 });
    this.#seq = newest?.seq ?? 0;
    this.#stopListening = this.#store.onChange(() => void this.#read());
  }

  /** While a batch is read, more may happen: then it is read again. */
  async #read(): Promise<void> {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#again && this.#stopListening !== undefined) {
        this.#again = false;
        const events = await this.#store.events(this.#seq, PAGE);
        if (events.length === PAGE) this.#again = true;
        this.#seq = events.at(-1)?.seq ?? this.#seq;
        if (events.length > 0) for (const listener of this.#listeners) listener(events);
      }
    } catch (error) {
      this.#log.error({ err: error }, "the event log could not be read");
    } finally {
      this.#reading = false;
    }
  }
}

/** The prompt id that an event of a job carries. */
export function promptIdOf(event: JobEvent): string | undefined {
  if (!event.type.startsWith("job.")) return undefined;
  const { prompt_id } = JSON.parse(event.data) as { prompt_id?: unknown };
  return typeof prompt_id === "string" ? prompt_id : undefined;
}
