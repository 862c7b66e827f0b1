/**
 * `events.jsonl`: the event log as a file that people can tail. It is written from the table, behind a cursor that
 * says how far the file went; so after a crash no event is missing and none stands there twice.
 */
import { type FileHandle, open, rename } from "node:fs/promises";
import { isJsonObject, parseJson, printJson, RawJson } from "@hearth/protocol";
import type { JobEvent } from "./event.ts";
import type { JobStore } from "./store.ts";

/** From this size on the file is moved to `<name>.1` and a new one begun. */
const ROTATE_BYTES = 5 * 1024 * 1024;
const BATCH = 500;

export class EventFile {
  readonly #file: string;
  readonly #store: Pick<JobStore, "events">;
  #handle: FileHandle | undefined;
  #size = 0;
  #cursor = 0;
  #appending: Promise<void> | undefined;
  #again = false;

  private constructor(file: string, store: Pick<JobStore, "events">) {
    this.#file = file;
    this.#store = store;
  }

  /** Opens the file, cuts off a line that a crash left unfinished, and appends what is missing. */
  static async open(file: string, store: Pick<JobStore, "events">): Promise<EventFile> {
    const events = new EventFile(file, store);
    await events.#resume();
    await events.append();
    return events;
  }

  /** The file itself is the cursor: its last whole line names the last event that was written. */
  async #resume(): Promise<void> {
    this.#handle = await open(this.#file, "a+");
    const text = await this.#handle.readFile("utf8");
    const end = text.lastIndexOf("\n") + 1;
    if (end < text.length) await this.#handle.truncate(Buffer.byteLength(text.slice(0, end)));
    this.#size = Buffer.byteLength(text.slice(0, end));
    this.#cursor = sequenceOf(text.slice(0, end)) ?? (await previousCursor(`${this.#file}.1`));
  }

  /** Writes all events that are not in the file yet. Calls while one is under way are done by it. */
  append(): Promise<void> {
    if (this.#appending !== undefined) {
      this.#again = true;
      return this.#appending;
    }
    this.#appending = this.#appendAll().finally(() => {
      this.#appending = undefined;
    });
    return this.#appending;
  }

  async #appendAll(): Promise<void> {
    for (;;) {
      this.#again = false;
      const events = await this.#store.events(this.#cursor, BATCH);
      if (events.length === 0) {
        if (this.#again) continue;
        return;
      }
      const text = events.map(lineOf).join("");
      await this.#handle?.appendFile(text);
      this.#size += Buffer.byteLength(text);
      this.#cursor = events.at(-1)?.seq ?? this.#cursor;
      if (this.#size >= ROTATE_BYTES) await this.#rotate();
    }
  }

  async #rotate(): Promise<void> {
    await this.#handle?.close();
    await rename(this.#file, `${this.#file}.1`);
    this.#handle = await open(this.#file, "a+");
    this.#size = 0;
  }

  async close(): Promise<void> {
    await this.#appending;
    await this.#handle?.close();
  }
}

function lineOf(event: JobEvent): string {
  const { seq, time, type, jobId, data } = event;
  return `${printJson({ seq, time, type, job_id: jobId, data: new RawJson(data) }, "compact")}\n`;
}

/** The sequence number in the last line. */
function sequenceOf(text: string): number | undefined {
  const line = text.trimEnd().split("\n").at(-1);
  if (line === undefined || line === "") return undefined;
  const value = parseJson(line);
  return isJsonObject(value) ? Number(value["seq"]) : undefined;
}

/** A crash right after a rotation leaves the new file empty: the one before knows. */
async function previousCursor(file: string): Promise<number> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, "r");
    return sequenceOf(await handle.readFile("utf8")) ?? 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  } finally {
    await handle?.close();
  }
}
