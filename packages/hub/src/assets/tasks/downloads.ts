/**
 * Files that the hub fetches and registers as assets, a few at a time, in the background.
 *
 *   created ─► running ─► completed
 *                 └─────► failed
 *
 * Every change is told as an `asset_download` message.
 */
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import path from "node:path";
import { contentTypeOf, UNKNOWN_TYPE } from "../../files/content-types.ts";
import type { Asset } from "../asset.ts";
import { DownloadError } from "../../downloads/errors.ts";
import { fetchRest } from "../../downloads/fetch-rest.ts";
import { AssetError } from "../errors.ts";
import { fetchableUrl } from "./public-address.ts";
import { saidName } from "./said-name.ts";
import { safeName } from "./zip-names.ts";

/** What `asset_download` messages carry. */
export interface DownloadStatus {
  readonly task_id: string;
  readonly asset_name: string;
  /** 0 while the server has not said it */
  readonly bytes_total: number;
  readonly bytes_downloaded: number;
  /** 0 to 1 */
  readonly progress: number;
  readonly status: "created" | "running" | "completed" | "failed";
  readonly asset_id?: string;
  readonly error?: string;
}

/** What is to be fetched, and what becomes of it. */
export interface DownloadRequest {
  readonly url: string;
  /** default: as the server or the address calls it */
  readonly name: string | undefined;
  /** with exactly one of `input`, `output`, `models` (and then a `model_type:…`) */
  readonly tags: readonly string[];
  /** the file must have this hash */
  readonly hash: string | undefined;
  readonly viewer: string;
}

/** A file that has arrived whole, to be given its place. */
export interface ArrivedFile {
  readonly path: string;
  readonly filename: string;
  readonly mimeType: string;
}

export interface DownloadsParts {
  /** where files arrive; emptied at the start */
  readonly directory: string;
  readonly maxBytes: number;
  readonly allowPrivate: boolean;
  readonly idleMs: number;
  /** throws an AssetError when no asset can be made as it is asked for */
  readonly check: (request: DownloadRequest) => void;
  /** makes an asset of what has arrived */
  readonly register: (file: ArrivedFile, request: DownloadRequest) => Promise<Asset>;
  readonly tell: (status: DownloadStatus) => void;
}

interface Task {
  status: DownloadStatus;
  readonly request: DownloadRequest;
  readonly url: URL;
}

const AT_ONCE = 3;
const MAX_WAITING = 64;
const MAX_KEPT = 200;
const PROGRESS_MS = 200;
/** Before a second try; a server that is given up sooner is also asked again sooner. */
const RETRY_MS = 1_000;

export class Downloads {
  readonly #parts: DownloadsParts;
  readonly #tasks = new Map<string, Task>();
  readonly #waiting: Task[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #ready: Promise<void>;

  constructor(parts: DownloadsParts) {
    this.#parts = parts;
    this.#ready = rm(parts.directory, { recursive: true, force: true });
  }

  /** Plans a download. @throws AssetError for an address that must not be fetched, `TOO_MANY_TASKS` */
  add(request: DownloadRequest): DownloadStatus {
    const url = fetchableUrl(request.url, this.#parts.allowPrivate);
    this.#parts.check(request);
    if (this.#waiting.length >= MAX_WAITING) {
      throw new AssetError("TOO_MANY_TASKS", 429, `${MAX_WAITING} downloads wait already; try again later`);
    }
    const status: DownloadStatus = {
      task_id: randomUUID(),
      asset_name: request.name ?? nameOf(url),
      bytes_total: 0,
      bytes_downloaded: 0,
      progress: 0,
      status: "created",
    };
    const task: Task = { status, request, url };
    this.#tasks.set(status.task_id, task);
    this.#forgetOld();
    this.#parts.tell(status);
    this.#waiting.push(task);
    this.#next();
    return status;
  }

  /** A task that `viewer` began; `undefined` when there is none. */
  get(id: string, viewer: string): DownloadStatus | undefined {
    const task = this.#tasks.get(id);
    return task?.request.viewer === viewer ? task.status : undefined;
  }

  /** Gives all up, and waits until nothing runs. */
  async close(): Promise<void> {
    this.#waiting.length = 0;
    this.#abort.abort();
    await Promise.all(this.#running);
    await this.#ready;
    await rm(this.#parts.directory, { recursive: true, force: true });
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      const running = this.#fetch(task).finally(() => {
        this.#running.delete(running);
        this.#next();
      });
      this.#running.add(running);
    }
  }

  async #fetch(task: Task): Promise<void> {
    const { directory, maxBytes, allowPrivate, idleMs, register } = this.#parts;
    const target = path.join(directory, task.status.task_id);
    this.#change(task, { status: "running" });
    try {
      await this.#ready;
      await mkdir(directory, { recursive: true });
      let last = 0;
      let headers: IncomingHttpHeaders = {};
      await fetchRest({
        ...{ url: task.url, partial: target, maxBytes, signal: this.#abort.signal, isPageFine: true },
        reach: { allowPrivate, idleMs, authorization: () => undefined },
        ...{ validator: undefined, isChecked: false, tokenVariable: undefined },
        retryMs: Math.min(RETRY_MS, idleMs),
        begun: async (answer) => {
          ({ headers } = answer);
        },
        heard: (downloaded, total) => {
          const now = performance.now();
          if (now - last < PROGRESS_MS && downloaded !== total) return;
          last = now;
          const progress = total === 0 ? 0 : downloaded / total;
          this.#change(task, { bytes_downloaded: downloaded, bytes_total: total, progress });
        },
      });
      const filename = safeName(task.request.name ?? saidName(headers) ?? nameOf(task.url));
      const mimeType = mimeTypeOf(filename, headers["content-type"]);
      const asset = await register({ path: target, filename, mimeType }, task.request);
      await rm(target, { force: true });
      this.#change(task, {
        status: "completed",
        asset_name: asset.name,
        asset_id: asset.id,
        bytes_total: asset.size,
        bytes_downloaded: asset.size,
        progress: 1,
      });
    } catch (error) {
      // Who hears of the end finds nothing half-made.
      await rm(target, { force: true }).catch(() => undefined);
      this.#change(task, { status: "failed", error: reasonOf(error) });
    }
  }

  #change(task: Task, changes: Partial<DownloadStatus>): void {
    task.status = { ...task.status, ...changes };
    if (!this.#abort.signal.aborted) this.#parts.tell(task.status);
  }

  #forgetOld(): void {
    for (const [id, { status }] of this.#tasks) {
      if (this.#tasks.size <= MAX_KEPT) return;
      if (status.status === "completed" || status.status === "failed") this.#tasks.delete(id);
    }
  }
}

/** The last part of an address's path. */
function nameOf(url: URL): string {
  const last = url.pathname.split("/").at(-1) ?? "";
  try {
    return safeName(decodeURIComponent(last));
  } catch {
    return safeName(last);
  }
}

/** The name says it better than servers, which call most files a stream of bytes. */
function mimeTypeOf(filename: string, said: string | undefined): string {
  const byName = contentTypeOf(filename);
  const type = said?.split(";")[0]?.trim().toLowerCase();
  return byName === UNKNOWN_TYPE && type !== undefined && /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : byName;
}

/** Errors of ours say what is wrong; others only their code, so that no path of this machine is told. */
function reasonOf(error: unknown): string {
  if (error instanceof AssetError || error instanceof DownloadError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return "there is no space left for the file";
  return code === undefined ? "the download broke off" : `the download failed: ${code}`;
}
