/**
 * The event log as Studio shows it: the newest 1000 entries in memory, filled from the table in the table's order, and
 * told to whoever listens. Entries come from the table alone, so what listeners hear is what is written, once and in
 * order; only an entry that could not be written goes to listeners directly.
 */
import type { EventFile, JobEvent, JobStore, NewEvent, Severity } from "@hearth/jobs";
import { isJsonObject, type JsonObject, type JsonValue, parseJson, printJson } from "@hearth/protocol";
import type { Logger } from "pino";
import { localTime } from "../http/studio/local-time.ts";
import { eventId } from "./event-id.ts";
import { Ring } from "./ring.ts";
import { describe } from "./words.ts";

/** As many entries as the log answers with at most. */
export const RING_SIZE = 1_000;
const BATCH = 500;
/** Under a flood of changes the table is asked no more often than this. */
const PULL_MS = 20;

/** The object that clients see. */
export interface PublicEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly severity: Severity;
  readonly message: string;
  readonly data: JsonObject;
}

export interface LoggedEvent {
  readonly seq: number | undefined;
  /** whose job it is about */
  readonly owner: string | undefined;
  readonly shown: PublicEvent;
}

export interface EventLogParts {
  readonly store: Pick<JobStore, "events" | "latestEvents" | "addEvent" | "onChange">;
  readonly log: Logger;
  /** IANA zone of the printed times; default: Europe/Rome */
  readonly zone?: string | undefined;
  /** what the event file held, for a database that has less */
  readonly found?: EventFile["found"];
}

export type EventListener = (events: readonly LoggedEvent[]) => void;

/** How an entry of the table is shown, in a zone. */
export function publicEvent(event: JobEvent, zone?: string): PublicEvent {
  const value = parseJson(event.data);
  const data = isJsonObject(value) ? value : {};
  const words = describe(event.type, data);
  return {
    id: eventId(event.seq),
    type: event.type,
    timestamp: localTime(event.time, zone),
    severity: event.severity ?? words.severity,
    message: event.message ?? words.message,
    data,
  };
}

/**
 * True when somebody who sees the jobs of `owner` alone may see the event: those of its jobs, and those of the system.
 * `undefined` sees everything.
 */
export function maySee(owner: string | undefined, event: LoggedEvent): boolean {
  if (owner === undefined || event.owner === owner) return true;
  return event.owner === undefined && event.shown.type.startsWith("system.");
}

export class EventLog {
  readonly #parts: EventLogParts;
  readonly #ring = new Ring<LoggedEvent>(RING_SIZE);
  readonly #listeners = new Set<EventListener>();
  #cursor = 0;
  #unwritten = 0;
  #pulling: Promise<void> | undefined;
  #again = false;
  #pulledAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  private constructor(parts: EventLogParts) {
    this.#parts = parts;
  }

  /** Loads the newest entries, and follows the table from then on. */
  static async open(parts: EventLogParts): Promise<EventLog> {
    const events = new EventLog(parts);
    const stored = (await parts.store.latestEvents({ limit: RING_SIZE })).map((event) =>
      events.#logged(event),
    );
    const first = stored[0]?.seq ?? Infinity;
    for (const line of parts.found ?? []) {
      const event = fromLine(line);
      if (event !== undefined && (event.seq ?? 0) < first) events.#ring.add(event);
    }
    for (const event of stored) events.#ring.add(event);
    events.#cursor = events.last;
    events.#stopListening = parts.store.onChange(() => events.#pullSoon());
    return events;
  }

  /** The sequence number of the newest entry; 0: there is none. */
  get last(): number {
    return this.#ring.items().findLast((event) => event.seq !== undefined)?.seq ?? 0;
  }

  /** The newest entries, oldest first. */
  recent(): readonly LoggedEvent[] {
    return this.#ring.items();
  }

  /** At most `limit` entries after a sequence number, also of those that have left memory. */
  async after(seq: number, limit: number): Promise<LoggedEvent[]> {
    const inMemory = this.afterInMemory(seq, limit);
    if (inMemory !== undefined) return inMemory;
    return (await this.#parts.store.events(seq, limit)).map((event) => this.#logged(event));
  }

  /** The same from memory alone; undefined when some may have left it. */
  afterInMemory(seq: number, limit: number): LoggedEvent[] | undefined {
    return this.#ring.after(seq, limit);
  }

  /** Calls `listener` with what is new, in order. Gives the function that ends this. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes an event. Never fails: what cannot be written is logged, and still told to who listens. */
  async emit(
    type: string,
    data: object = {},
    more: Pick<NewEvent, "severity" | "message" | "owner"> = {},
  ): Promise<void> {
    try {
      await this.#parts.store.addEvent({ type, data, ...more });
    } catch (error) {
      this.#parts.log.error({ err: error, type }, "an event could not be written");
      // Numbers from the far end: no entry of the table gets them.
      this.#unwritten += 1;
      const seq = 2 ** 32 - this.#unwritten;
      const event = {
        seq,
        time: Date.now(),
        type,
        jobId: undefined,
        owner: more.owner,
        data: printJson(data),
        severity: more.severity,
        message: more.message,
      };
      this.#take([{ ...this.#logged(event), seq: undefined }]);
    }
  }

  #logged(event: JobEvent): LoggedEvent {
    return { seq: event.seq, owner: event.owner, shown: publicEvent(event, this.#parts.zone) };
  }

  #pullSoon(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#pulledAt + PULL_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.pull();
    }, wait);
  }

  /** Takes in what is new in the table now. */
  pull(): Promise<void> {
    if (this.#pulling !== undefined) {
      this.#again = true;
      return this.#pulling;
    }
    this.#pulling = this.#pullAll()
      .catch((error: unknown) => this.#parts.log.error({ err: error }, "events could not be read"))
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }

  async #pullAll(): Promise<void> {
    for (;;) {
      this.#again = false;
      this.#pulledAt = performance.now();
      const events = await this.#parts.store.events(this.#cursor, BATCH);
      if (events.length > 0) {
        this.#cursor = events.at(-1)?.seq ?? this.#cursor;
        this.#take(events.map((event) => this.#logged(event)));
      } else if (!this.#again) return;
    }
  }

  #take(events: readonly LoggedEvent[]): void {
    for (const event of events) this.#ring.add(event);
    for (const listener of this.#listeners) listener(events);
  }

  /** Follows the table no more; the store may be closed afterwards. */
  async close(): Promise<void> {
    this.#stopListening?.();
    clearTimeout(this.#timer);
    await this.#pulling;
  }
}

/** An entry of the event file; undefined for a line of another form. */
function fromLine(line: JsonObject): LoggedEvent | undefined {
  const { seq, id, type, timestamp, severity, message, data } = line;
  const isText = (value: JsonValue | undefined): value is string => typeof value === "string";
  if (!isText(id) || !isText(type) || !isText(timestamp) || !isText(message)) return undefined;
  const shown = {
    id,
    type,
    timestamp,
    severity: severity as Severity,
    message,
    data: isJsonObject(data ?? null) ? (data as JsonObject) : {},
  };
  return { seq: Number(seq), owner: undefined, shown };
}
