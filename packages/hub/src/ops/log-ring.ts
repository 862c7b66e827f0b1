/** The last lines of the log, as the front end shows them (section 3.19). */
import { isJsonObject, JsonSyntaxError, parseJson, toNumber } from "@hearth/protocol";

/** One line: when, and what; the text ends with its line break. */
export interface LogEntry {
  /** local time as Python's `isoformat` prints it, e.g. `2026-11-22T01:26:03.449557` */
  readonly t: string;
  readonly m: string;
}

/** Size of the terminal that texts are wrapped for: the one of a server without a terminal. */
export const TERMINAL = { cols: 80, rows: 24 };

const CAPACITY = 300;
/** Longer lines are cut: the ring is in memory and goes to every page that asks. */
const MAX_LINE = 16_384;
const LEVELS: readonly [number, string][] = [
  [60, "CRITICAL"],
  [50, "ERROR"],
  [40, "WARNING"],
  [30, "INFO"],
];

/**
 * Keeps the last 300 lines. It is a destination for pino: give it to `pino.multistream` beside the one that people read.
 * Listeners get lines in batches, after the code that wrote them has run.
 */
export class LogRing {
  #entries: LogEntry[] = [];
  #fresh: LogEntry[] = [];
  readonly #listeners = new Set<(entries: readonly LogEntry[]) => void>();

  /** Takes one line of pino's JSON; other text is taken as a message. */
  write(line: string): void {
    this.add(entryOf(line));
  }

  add(entry: LogEntry): void {
    this.#entries.push(entry);
    // Cut in one go now and then: shifting an array for each line costs more.
    if (this.#entries.length > 2 * CAPACITY) this.#entries = this.#entries.slice(-CAPACITY);
    if (this.#listeners.size === 0) return;
    if (this.#fresh.length === 0) setImmediate(() => this.#tell());
    this.#fresh.push(entry);
    if (this.#fresh.length > CAPACITY) this.#fresh.shift();
  }

  /** Oldest first. */
  entries(): readonly LogEntry[] {
    return this.#entries.slice(-CAPACITY);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (entries: readonly LogEntry[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    const entries = this.#fresh;
    this.#fresh = [];
    for (const listener of this.#listeners) listener(entries);
  }
}

function entryOf(line: string): LogEntry {
  const record = recordOf(line);
  if (record === undefined) return { t: pythonTime(Date.now()), m: `${line.trimEnd().slice(0, MAX_LINE)}\n` };
  const level = toNumber(record["level"]);
  const word = LEVELS.find(([least]) => level >= least)?.[1] ?? "DEBUG";
  const time = toNumber(record["time"]);
  const error = record["err"];
  const stack = isJsonObject(error) ? (error["stack"] ?? error["message"]) : undefined;
  const message = [record["msg"], stack].filter((part) => typeof part === "string").join("\n");
  return {
    t: pythonTime(Number.isFinite(time) ? time : Date.now()),
    m: `[${word}] ${message.slice(0, MAX_LINE)}\n`,
  };
}

function recordOf(line: string): Record<string, unknown> | undefined {
  try {
    const record = parseJson(line);
    return isJsonObject(record) ? record : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** Local time without a zone; the milliseconds are printed as microseconds. */
function pythonTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const local = new Date(milliseconds - date.getTimezoneOffset() * 60_000);
  return `${local.toISOString().slice(0, -1)}000`;
}
