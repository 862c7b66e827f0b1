/**
 * Archives of assets, built in the background one after the other.
 *
 *   created ─► running ─► completed
 *                 └─────► failed
 *
 * Every change is told as an `asset_export` message. An archive is kept for a day, and the newest few only.
 */
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import type { Asset } from "../asset.ts";
import type { AssetCatalogue } from "../catalogue.ts";
import { AssetError } from "../errors.ts";
import { type AssetRoots, isInside } from "../roots.ts";
import type { AssetFiles } from "../threads/asset-files.ts";
import { safeName, uniqueNames } from "./zip-names.ts";
import type { ZipEntry } from "./write-zip.ts";

/** What `asset_export` messages carry. */
export interface ExportStatus {
  readonly task_id: string;
  readonly export_name: string;
  readonly assets_total: number;
  readonly assets_attempted: number;
  readonly assets_failed: number;
  readonly bytes_total: number;
  readonly bytes_processed: number;
  /** 0 to 1 */
  readonly progress: number;
  readonly status: "created" | "running" | "completed" | "failed";
  readonly error?: string;
}

export interface ExportsParts {
  readonly catalogue: AssetCatalogue;
  readonly files: AssetFiles;
  readonly roots: AssetRoots;
  /** where archives are kept; emptied at the start */
  readonly directory: string;
  readonly tell: (status: ExportStatus) => void;
}

interface Task {
  status: ExportStatus;
  readonly viewer: string;
  readonly assets: readonly Asset[];
  readonly file: string;
}

const MAX_WAITING = 16;
const MAX_KEPT = 16;
const KEEP_MS = 24 * 3600 * 1000;
const PACKED = /^(image\/(?!bmp|svg|x-)|video\/|audio\/(?!x-wav|x-aiff)|application\/(zip|gzip|safetensors))/;

export class Exports {
  readonly #parts: ExportsParts;
  readonly #tasks = new Map<string, Task>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #last: Promise<void>;

  constructor(parts: ExportsParts) {
    this.#parts = parts;
    // Archives of a hub that is gone belong to tasks that nobody knows.
    this.#last = rm(parts.directory, { recursive: true, force: true }).catch(() => undefined);
  }

  /** Plans an archive of these assets. @throws AssetError `TOO_MANY_TASKS` */
  add(assets: readonly Asset[], name: string | undefined, viewer: string): ExportStatus {
    const waiting = [...this.#tasks.values()].filter(({ status }) => !hasEnded(status));
    if (waiting.length >= MAX_WAITING) {
      throw new AssetError("TOO_MANY_TASKS", 429, `${MAX_WAITING} exports wait already; try again later`);
    }
    const id = randomUUID();
    const stem = safeName(name ?? `assets-${new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, "-")}`);
    const status: ExportStatus = {
      task_id: id,
      export_name: stem.toLowerCase().endsWith(".zip") ? stem : `${stem}.zip`,
      assets_total: assets.length,
      assets_attempted: 0,
      assets_failed: 0,
      bytes_total: assets.reduce((sum, { size }) => sum + size, 0),
      bytes_processed: 0,
      progress: 0,
      status: "created",
    };
    const task: Task = { status, viewer, assets, file: path.join(this.#parts.directory, `${id}.zip`) };
    this.#tasks.set(id, task);
    this.#parts.tell(status);
    this.#last = this.#last.then(() => this.#build(task));
    return status;
  }

  /** A task that `viewer` began; `undefined` when there is none. */
  get(id: string, viewer: string): ExportStatus | undefined {
    return this.#mine(id, viewer)?.status;
  }

  /** The archive of a completed task. */
  fileOf(id: string, viewer: string): { path: string; name: string } | undefined {
    const task = this.#mine(id, viewer);
    if (task?.status.status !== "completed") return undefined;
    return { path: task.file, name: task.status.export_name };
  }

  /** Waits for the running one; the rest is given up. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#tasks.clear();
    await this.#last;
    await rm(this.#parts.directory, { recursive: true, force: true });
  }

  #mine(id: string, viewer: string): Task | undefined {
    const task = this.#tasks.get(id);
    return task?.viewer === viewer ? task : undefined;
  }

  async #build(task: Task): Promise<void> {
    const id = task.status.task_id;
    if (!this.#tasks.has(id)) return;
    this.#change(task, { status: "running" });
    try {
      await mkdir(this.#parts.directory, { recursive: true });
      const entries = await this.#entries(task.assets);
      const result = await this.#parts.files.zip(id, task.file, entries, ({ attempted, failed, bytes }) => {
        this.#progress(task, attempted, failed, bytes);
      });
      this.#progress(task, result.attempted, result.failed, result.bytes);
      if (result.failed === entries.length) throw new Error("none of the assets has a file that can be read");
      this.#change(task, { status: "completed", progress: 1 });
      this.#forgetLater(id);
    } catch (error) {
      await rm(task.file, { force: true });
      this.#change(task, { status: "failed", error: reasonOf(error) });
      this.#forgetLater(id);
    }
  }

  async #entries(assets: readonly Asset[]): Promise<ZipEntry[]> {
    const { catalogue, roots } = this.#parts;
    const names = uniqueNames(assets.map(({ name }) => name));
    const entries: ZipEntry[] = [];
    for (const [index, asset] of assets.entries()) {
      const paths: string[] = [];
      for (const { file } of await catalogue.contentOf(asset.id)) {
        if (await isInside(roots, file)) paths.push(file.path);
      }
      entries.push({ name: names[index] ?? asset.id, paths, compress: !PACKED.test(asset.mimeType ?? "") });
    }
    return entries;
  }

  #progress(task: Task, attempted: number, failed: number, bytes: number): void {
    const total = task.status.bytes_total;
    const share = total === 0 ? attempted / Math.max(1, task.assets.length) : bytes / total;
    this.#change(task, {
      assets_attempted: attempted,
      assets_failed: failed,
      bytes_processed: bytes,
      progress: Math.min(1, share),
    });
  }

  #change(task: Task, changes: Partial<ExportStatus>): void {
    task.status = { ...task.status, ...changes };
    if (this.#tasks.has(task.status.task_id)) this.#parts.tell(task.status);
  }

  #forgetLater(id: string): void {
    const ended = [...this.#tasks.values()].filter(({ status }) => hasEnded(status));
    for (const { status } of ended.slice(0, Math.max(0, ended.length - MAX_KEPT)))
      this.#forget(status.task_id);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#forget(id);
    }, KEEP_MS);
    this.#timers.add(timer.unref());
  }

  #forget(id: string): void {
    const task = this.#tasks.get(id);
    this.#tasks.delete(id);
    if (task !== undefined) void rm(task.file, { force: true }).catch(() => undefined);
  }
}

function hasEnded({ status }: ExportStatus): boolean {
  return status === "completed" || status === "failed";
}

/** Without the paths of this machine, which system errors tell. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return "there is no space left for the archive";
  return code === undefined ? message : `the archive could not be written: ${code}`;
}
