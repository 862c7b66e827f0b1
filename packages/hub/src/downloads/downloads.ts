/** All downloads of model files: a few at a time, kept over a restart, paused and taken up again. */
import { access, rm } from "node:fs/promises";
import type { JobStore } from "@hearth/jobs";
import { resolveInside } from "@hearth/protocol";
import type { Logger } from "pino";
import { downloadFile, type FileSources, type FileWork, partialOf, sizeOf } from "./download-file.ts";
import {
  type DownloadOrder,
  type DownloadRecord,
  type DownloadStatus,
  downloadStatus,
  hasEnded,
  keyOf,
  printRecord,
  readRecord,
} from "./download.ts";
import { asDownloadError, DownloadError } from "./errors.ts";
import { Speed } from "./speed.ts";

export interface DownloadsParts extends FileSources {
  readonly store: Pick<JobStore, "addEvent" | "documents">;
  /** the folder that a file goes into, absolute. @throws when there is no such kind or type any more */
  readonly folderOf: (order: Pick<DownloadOrder, "kind" | "type">) => string;
  /** how many may run together; asked whenever one could start */
  readonly maxConcurrent: () => number | Promise<number>;
  readonly log: Logger;
}

interface Task {
  record: DownloadRecord;
  downloaded: number;
  readonly speed: Speed;
  abort: AbortController | undefined;
  running: Promise<void> | undefined;
}

const COLLECTION = "downloads";
const MAX_ENDED = 200;

export class Downloads {
  readonly #parts: DownloadsParts;
  readonly #tasks = new Map<string, Task>();
  #starting: Promise<void> | undefined;
  #again = false;
  #isClosed = false;

  private constructor(parts: DownloadsParts) {
    this.#parts = parts;
  }

  /** Reads what the last hub left: what was queued or running goes on, what was paused stays so. */
  static async open(parts: DownloadsParts): Promise<Downloads> {
    const downloads = new Downloads(parts);
    for (const { text } of await parts.store.documents.list(COLLECTION)) {
      const record = readRecord(text);
      if (record === undefined) continue;
      const isLeft = record.state === "running" || record.state === "verifying";
      downloads.#put(isLeft ? { ...record, state: "queued" } : record);
    }
    for (const task of downloads.#tasks.values()) {
      task.downloaded = await downloads.#have(task.record);
    }
    downloads.kick();
    return downloads;
  }

  /** All that are known, in the order in which they came. */
  list(): DownloadStatus[] {
    return [...this.#tasks.values()]
      .sort((one, other) => one.record.addedAt - other.record.addedAt)
      .map(statusOf);
  }

  /** `undefined`: there is none of this file. */
  get(file: Pick<DownloadOrder, "kind" | "type" | "filename">): DownloadStatus | undefined {
    const task = this.#tasks.get(keyOf(file));
    return task === undefined ? undefined : statusOf(task);
  }

  /** Plans a download; one that is under way or paused goes on. @throws DownloadError when the file is there already */
  async add(order: DownloadOrder): Promise<DownloadStatus> {
    const known = this.#tasks.get(keyOf(order));
    if (known !== undefined && !hasEnded(known.record.state)) {
      if (known.record.state === "paused") await this.resume(order);
      return statusOf(known);
    }
    const target = await this.#targetOf(order);
    if (await isThere(target)) throw new DownloadError(`'${order.filename}' is on the disk already`);
    // A failed try's beginning serves the next one, unless the file is to come from elsewhere.
    const validator = known?.record.url === order.url ? known.record.validator : undefined;
    const task = this.#put({
      kind: order.kind,
      type: order.type,
      filename: order.filename,
      url: order.url,
      sha256: order.sha256?.toLowerCase(),
      validator,
      state: "queued",
      total: 0,
      addedAt: Date.now(),
    });
    await this.#save(task);
    this.kick();
    return statusOf(task);
  }

  /** Stops a download where it is. False when none of this file is queued or running. */
  async pause(file: Pick<DownloadOrder, "kind" | "type" | "filename">): Promise<boolean> {
    const task = this.#tasks.get(keyOf(file));
    if (task === undefined || hasEnded(task.record.state) || task.record.state === "paused") return false;
    // At once, so that nothing starts it while its work ends; and again, since that work may have said otherwise.
    task.record = { ...task.record, state: "paused" };
    await this.#halt(task);
    if (hasEnded(task.record.state)) return false;
    await this.#change(task, { state: "paused" });
    this.kick();
    return true;
  }

  /** Goes on with a paused or failed download. False when there is none. */
  async resume(file: Pick<DownloadOrder, "kind" | "type" | "filename">): Promise<boolean> {
    const task = this.#tasks.get(keyOf(file));
    if (task === undefined || (task.record.state !== "paused" && task.record.state !== "failed"))
      return false;
    await this.#change(task, { state: "queued", error: undefined, endedAt: undefined });
    this.kick();
    return true;
  }

  /** Gives a download up and removes what it has; also forgets one that has ended. False when there is none. */
  async cancel(file: Pick<DownloadOrder, "kind" | "type" | "filename">): Promise<boolean> {
    const key = keyOf(file);
    const task = this.#tasks.get(key);
    if (task === undefined) return false;
    this.#tasks.delete(key);
    await this.#halt(task);
    if (task.record.state !== "completed") await this.#removePartial(task.record);
    await this.#parts.store.documents.remove(COLLECTION, key);
    this.kick();
    return true;
  }

  /** Starts what may start: to be called when `maxConcurrent` has changed. */
  kick(): void {
    if (this.#isClosed) return;
    if (this.#starting !== undefined) {
      this.#again = true;
      return;
    }
    this.#starting = this.#start()
      .catch((error: unknown) => this.#parts.log.error({ err: error }, "downloads could not be started"))
      .finally(() => {
        this.#starting = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.kick();
      });
  }

  /** Stops everything where it is; the next hub goes on with it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#starting;
    for (const { abort } of this.#tasks.values()) abort?.abort();
    await Promise.all([...this.#tasks.values()].map(({ running }) => running));
  }

  #put(record: DownloadRecord): Task {
    const task: Task = {
      record,
      downloaded: 0,
      speed: new Speed(),
      abort: undefined,
      running: undefined,
    };
    this.#tasks.set(keyOf(record), task);
    return task;
  }

  async #start(): Promise<void> {
    const limit = await this.#parts.maxConcurrent();
    const all = [...this.#tasks.values()].sort((one, other) => one.record.addedAt - other.record.addedAt);
    let free = limit - all.filter(({ running }) => running !== undefined).length;
    for (const task of all) {
      if (free <= 0 || this.#isClosed) return;
      if (task.record.state !== "queued" || task.running !== undefined) continue;
      free -= 1;
      task.abort = new AbortController();
      task.running = this.#run(task, task.abort.signal).finally(() => {
        task.running = undefined;
        task.abort = undefined;
        this.kick();
      });
    }
  }

  async #run(task: Task, signal: AbortSignal): Promise<void> {
    try {
      await this.#change(task, { state: "running" });
      await this.#fetch(task, signal);
      await this.#end(task, { state: "completed" });
    } catch (error) {
      // Paused, cancelled or closed: whoever did that says what is so now.
      if (signal.aborted) return;
      const { message } = asDownloadError(error);
      this.#parts.log.warn({ err: error, filename: task.record.filename }, "a download failed");
      await this.#end(task, { state: "failed", error: message }).catch((failure: unknown) =>
        this.#parts.log.error({ err: failure }, "a download's end could not be written"),
      );
    }
  }

  async #fetch(task: Task, signal: AbortSignal): Promise<void> {
    const work: FileWork = {
      get record() {
        return task.record;
      },
      signal,
      change: (changes) => this.#change(task, changes),
      heard: (downloaded) => {
        task.downloaded = downloaded;
        task.speed.heard(downloaded, performance.now());
      },
    };
    await downloadFile(this.#parts, work, await this.#targetOf(task.record));
  }

  async #end(task: Task, changes: { state: "completed" | "failed"; error?: string }): Promise<void> {
    const { filename, kind, type } = task.record;
    const isDone = changes.state === "completed";
    const total = isDone ? task.downloaded : task.record.total;
    await this.#change(task, { ...changes, total, endedAt: Date.now() });
    await this.#parts.store.addEvent(
      isDone
        ? {
            type: "model.download.completed",
            severity: "success",
            message: `Downloaded: ${filename}`,
            data: { filename, kind, type },
          }
        : {
            type: "model.download.failed",
            severity: "error",
            message: `Download failed: ${filename}: ${changes.error}`,
            data: { filename, kind, type, error: changes.error },
          },
    );
    await this.#forgetOld();
  }

  /** Ends the work on a task, and waits until nothing is written any more. */
  async #halt(task: Task): Promise<void> {
    await this.#starting;
    task.abort?.abort();
    await task.running;
  }

  async #change(task: Task, changes: Partial<DownloadRecord>): Promise<void> {
    task.record = { ...task.record, ...changes };
    await this.#save(task);
  }

  async #save({ record }: Task): Promise<void> {
    await this.#parts.store.documents.put(COLLECTION, keyOf(record), printRecord(record));
  }

  async #forgetOld(): Promise<void> {
    const ended = [...this.#tasks].filter(([, { record }]) => hasEnded(record.state));
    for (const [key] of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) {
      this.#tasks.delete(key);
      await this.#parts.store.documents.remove(COLLECTION, key);
    }
  }

  async #targetOf(order: DownloadOrder): Promise<string> {
    return resolveInside(this.#parts.folderOf(order), order.filename);
  }

  /** Bytes that are on the disk already. */
  async #have(record: DownloadRecord): Promise<number> {
    try {
      const target = await this.#targetOf(record);
      return await sizeOf(record.state === "completed" ? target : partialOf(target, record));
    } catch {
      // There is no such folder any more: the download itself will say so.
      return 0;
    }
  }

  async #removePartial(record: DownloadRecord): Promise<void> {
    const target = await this.#targetOf(record).catch(() => undefined);
    if (target !== undefined) await rm(partialOf(target, record), { force: true });
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function statusOf({ record, downloaded, speed }: Task): DownloadStatus {
  const rate = record.state === "running" ? speed.at(downloaded, performance.now()) : null;
  return downloadStatus(record, downloaded, rate);
}
