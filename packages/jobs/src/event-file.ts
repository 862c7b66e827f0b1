/**
 * `events.jsonl`: the event log as a file that people can tail. It is written from the table, behind a cursor that
 * says how far the file went; so after a crash no event is missing and none stands there twice.
 *
 * Each line is the object that `print` makes of an event, and its sequence number as `seq`.
 */
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonObject, parseJson, printJson, RawJson } from "@hearth/protocol";
import type { JobEvent } from "./event.ts";
import type { JobStore } from "./store.ts";

/** A file that grows beyond this is written anew with its newest entries alone. */
const ROTATE_BYTES = 5_000_000;
/** How many entries it keeps then, and how many it begins with where there was none. */
const KEPT = 1_000;
const BATCH = 500;

export interface EventFileOptions {
  /** the object of a line, without its sequence number; default: the entry as the table has it */
  readonly print?: (event: JobEvent) => object;
  readonly rotateBytes?: number;
}

type EventSource = Pick<JobStore, "events" | "latestEvents" | "continueEventsAfter">;

export class EventFile {
  readonly #file: string;
  readonly #store: EventSource;
  readonly #print: (event: JobEvent) => object;
  readonly #rotateBytes: number;
  #handle: FileHandle | undefined;
  #size = 0;
  #rotateAt: number;
  #cursor = 0;
  #appending: Promise<void> | undefined;
  #again = false;
  /** what the file held when it was opened, oldest first, at most the newest 1,000: objects with their `seq` */
  found: readonly JsonObject[] = [];

  private constructor(file: string, store: EventSource, { print, rotateBytes }: EventFileOptions) {
    this.#file = file;
    this.#store = store;
    this.#print = print ?? asStored;
    this.#rotateBytes = rotateBytes ?? ROTATE_BYTES;
    this.#rotateAt = this.#rotateBytes;
  }

  /** Opens the file, cuts off a line that a crash left unfinished, and appends what is missing. */
  static async open(file: string, store: EventSource, options: EventFileOptions = {}): Promise<EventFile> {
    const events = new EventFile(file, store, options);
    await mkdir(path.dirname(file), { recursive: true });
    await rm(temporaryOf(file), { force: true });
    await events.#resume();
    await events.append();
    return events;
  }

  /** The file itself is the cursor: its last line that can be read names the last event that was written. */
  async #resume(): Promise<void> {
    this.#handle = await open(this.#file, "a+");
    const bytes = await this.#handle.readFile();
    this.#size = bytes.lastIndexOf(0x0a) + 1;
    if (this.#size < bytes.length) await this.#handle.truncate(this.#size);
    const lines = linesOf(bytes.subarray(0, this.#size));
    this.found = lines
      .map(readLine)
      .filter((line) => line !== undefined)
      .slice(-KEPT);
    const [newest] = await this.#store.latestEvents({ limit: 1 });
    const last = this.found.at(-1)?.["seq"];
    if (typeof last === "number") {
      this.#cursor = last;
      // Another database than the one that the file was written from: its events follow those of the file.
      if (last > (newest?.seq ?? 0)) await this.#store.continueEventsAfter(last);
    } else this.#cursor = Math.max(0, (newest?.seq ?? 0) - KEPT);
  }

  /** The number of the last event that the file has, or has had; 0: none. */
  get written(): number {
    return this.#cursor;
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
      await this.#write(Buffer.from(events.map((event) => this.#lineOf(event)).join("")));
      this.#cursor = events.at(-1)?.seq ?? this.#cursor;
      if (this.#size > this.#rotateAt) await this.#rotate();
    }
  }

  async #write(lines: Buffer): Promise<void> {
    try {
      await this.#handle?.appendFile(lines);
      this.#size += lines.length;
    } catch (error) {
      // A full disk takes a part of it: the next try begins at a whole line again.
      await this.#handle?.truncate(this.#size).catch(() => undefined);
      throw error;
    }
  }

  #lineOf(event: JobEvent): string {
    return `${printJson({ ...this.#print(event), seq: event.seq }, "compact")}\n`;
  }

  /**
   * Writes the newest entries to a file beside it, which then takes its name: whenever a crash comes, one of both is
   * whole. Entries may be so long that the new file is too big at once; then it grows by a margin before the next time.
   */
  async #rotate(): Promise<void> {
    const handle = await open(this.#file, "r");
    const lines = await handle.readFile().then(linesOf);
    await handle.close();
    const kept = lines.filter((line) => readLine(line) !== undefined).slice(-KEPT);
    const temporary = temporaryOf(this.#file);
    const next = await open(temporary, "w");
    await next.writeFile(kept.map((line) => `${line}\n`).join(""));
    await next.sync();
    this.#size = (await next.stat()).size;
    await next.close();
    await rename(temporary, this.#file);
    await this.#handle?.close();
    this.#handle = await open(this.#file, "a+");
    this.#rotateAt = Math.max(this.#rotateBytes, this.#size + this.#rotateBytes / 5);
  }

  async close(): Promise<void> {
    await this.#appending?.catch(() => undefined);
    await this.#handle?.close();
  }
}

function asStored({ time, type, jobId, data }: JobEvent): object {
  return { time, type, job_id: jobId, data: new RawJson(data) };
}

function temporaryOf(file: string): string {
  return `${file}.new`;
}

function linesOf(bytes: Buffer): string[] {
  return bytes
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/** The object of a line; undefined for one that a disk or a person has spoilt. */
function readLine(line: string): JsonObject | undefined {
  try {
    const value = parseJson(line);
    return isJsonObject(value) && Number.isInteger(value["seq"]) ? value : undefined;
  } catch {
    return undefined;
  }
}
