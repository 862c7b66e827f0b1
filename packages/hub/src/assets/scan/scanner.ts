/**
 * Bringing the catalogue and the folders together. A scan first registers what it finds and hides what is gone, which is
 * quick, and then reads the files that it does not know yet. It stands still while it is paused, and gives way to every
 * other call between files and chunks.
 *
 *   IDLE ─ scan ─► RUNNING ─ pause ─► PAUSED ─ resume ─► RUNNING ─► IDLE
 *                     └───── cancel ─► CANCELLING ─────────────────► IDLE
 */
import type { RootName } from "../asset.ts";
import type { AssetRoots } from "../roots.ts";
import type { FoundFile, ScanWrites, Unread } from "../sqlite/scan-writes.ts";
import { isThere } from "./presence.ts";
import { readAsset } from "./read-asset.ts";
import type { ScanProgress, ScanResult, ScanState, ScanStatus } from "./scan-status.ts";
import { walkRoot } from "./walk.ts";

/** Files per transaction. */
const BATCH = 200;
const PROGRESS_MS = 250;
/** More are counted, not told. */
const MAX_ERRORS = 100;

export interface ScannerParts {
  readonly writes: ScanWrites;
  readonly roots: AssetRoots;
  /** compute hashes too */
  readonly hashing: boolean;
  /** is told of `assets.seed.*` */
  readonly announce: (event: string, data: unknown) => void;
}

export class Scanner {
  readonly #parts: ScannerParts;
  #state: ScanState = "IDLE";
  #isPaused = false;
  #unpaused = Promise.withResolvers<void>();
  #progress: ScanProgress | null = null;
  #errors: string[] = [];
  #running: Promise<ScanResult> | undefined;
  #lastTold = 0;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
  }

  get isScanning(): boolean {
    return this.#running !== undefined;
  }

  get status(): ScanStatus {
    return { state: this.#state, progress: this.#progress, errors: this.#errors };
  }

  /** Scans these roots; resolves at the end. `undefined` when a scan runs already. */
  async scan(roots: readonly RootName[]): Promise<ScanResult | undefined> {
    if (this.#running !== undefined) return undefined;
    this.#running = this.#scan(roots);
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  /** Starts a scan and does not wait for it. False when one runs already. */
  begin(roots: readonly RootName[]): boolean {
    if (this.#running !== undefined) return false;
    void this.scan(roots);
    return true;
  }

  /** True when a scan was running. It ends soon, as cancelled. */
  cancel(): boolean {
    if (this.#running === undefined) return false;
    this.#state = "CANCELLING";
    const { resolve } = this.#unpaused;
    // The next scan waits again.
    if (this.#isPaused) this.#unpaused = Promise.withResolvers();
    resolve();
    return true;
  }

  /** A running scan stands still until `resume`; one that is started meanwhile waits. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#unpaused = Promise.withResolvers();
  }

  resume(): void {
    this.#isPaused = false;
    this.#unpaused.resolve();
  }

  /** Hides every asset whose file is gone; how many. `undefined` while a scan runs. */
  async prune(): Promise<number | undefined> {
    if (this.#running !== undefined) return undefined;
    let marked = 0;
    for (const root of ["models", "input", "output", "temp"] as const) {
      marked += await this.#findMissing(root, new Set(), () => true);
    }
    return marked;
  }

  /** Cancels and waits for the end. */
  async stop(): Promise<void> {
    this.cancel();
    await this.#running?.catch(() => undefined);
  }

  async #scan(roots: readonly RootName[]): Promise<ScanResult> {
    this.#state = "RUNNING";
    this.#progress = { scanned: 0, total: 0, created: 0, skipped: 0 };
    this.#errors = [];
    this.#tell("started", { roots });
    let status: ScanResult["status"] = "completed";
    try {
      for (const root of roots) await this.#register(root);
      // Temporary files are never looked for, but all of them are gone after a restart.
      await this.#findMissing("temp", new Set(), () => this.#mayGoOn());
      if (await this.#mayGoOn()) this.#tell("fast_complete");
      await this.#readAll();
      if (await this.#mayGoOn()) this.#tell("enrich_complete");
      else status = "cancelled";
    } catch (error) {
      status = "failed";
      this.#addError((error as Error).message);
      this.#tell("error", { message: (error as Error).message });
    }
    this.#state = "IDLE";
    const result = { status, progress: this.#progress, errors: this.#errors };
    if (status !== "failed") this.#tell(status);
    return result;
  }

  /** Registers what lies in a root and hides what does not any more. */
  async #register(root: RootName): Promise<void> {
    const seen = new Set<string>();
    let batch: FoundFile[] = [];
    const flush = async (): Promise<void> => {
      const created = this.#parts.writes.addFound(batch);
      const { length } = batch;
      batch = [];
      this.#count({ scanned: length, total: length, created, skipped: length - created });
      // Calls that wait are answered between batches.
      await new Promise((resolve) => setImmediate(resolve));
    };
    for await (const file of walkRoot(this.#parts.roots, root)) {
      if (!(await this.#mayGoOn())) return;
      if (seen.has(file.file.path)) continue;
      seen.add(file.file.path);
      batch.push(file);
      if (batch.length >= BATCH) await flush();
    }
    if (batch.length > 0) await flush();
    await this.#findMissing(root, seen, () => this.#mayGoOn());
  }

  async #findMissing(
    root: RootName,
    seen: ReadonlySet<string>,
    mayGoOn: () => boolean | Promise<boolean>,
  ): Promise<number> {
    const { writes } = this.#parts;
    let marked = 0;
    for (let after = 0; await mayGoOn();) {
      const page = writes.filesIn(root, after, BATCH);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.key;
      const gone: number[] = [];
      const back: number[] = [];
      for (const { key, path, missing } of page) {
        const there = seen.has(path) || (await isThere(this.#parts.roots, root, path));
        if (there === missing) (there ? back : gone).push(key);
      }
      marked += writes.setMissing(gone, true);
      writes.setMissing(back, false);
    }
    return marked;
  }

  /** Reads the files of assets that were not read yet. */
  async #readAll(): Promise<void> {
    const { writes, hashing } = this.#parts;
    for (let after = 0; await this.#mayGoOn();) {
      const page: Unread[] = writes.unread(after, BATCH, hashing);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.key;
      this.#count({ total: page.length });
      for (const asset of page) {
        if (!(await this.#mayGoOn())) return;
        const problem = await readAsset(writes, asset, hashing, () => this.#mayGoOn());
        if (problem !== undefined) this.#addError(problem);
        this.#count({ scanned: 1 });
      }
    }
  }

  /** Waits while paused. False when the scan is to end. */
  async #mayGoOn(): Promise<boolean> {
    if (this.#isPaused && this.#state === "RUNNING") {
      this.#state = "PAUSED";
      this.#tell("paused");
      await this.#unpaused.promise;
      if (this.status.state === "PAUSED") {
        this.#state = "RUNNING";
        this.#tell("resumed");
      }
    }
    return this.#state !== "CANCELLING";
  }

  #count(more: Partial<ScanProgress>): void {
    const before = this.#progress ?? { scanned: 0, total: 0, created: 0, skipped: 0 };
    this.#progress = {
      scanned: before.scanned + (more.scanned ?? 0),
      total: before.total + (more.total ?? 0),
      created: before.created + (more.created ?? 0),
      skipped: before.skipped + (more.skipped ?? 0),
    };
    if (performance.now() - this.#lastTold < PROGRESS_MS) return;
    this.#lastTold = performance.now();
    this.#tell("progress");
  }

  #addError(message: string): void {
    if (this.#errors.length < MAX_ERRORS) this.#errors.push(message);
  }

  #tell(event: string, more: object = {}): void {
    this.#parts.announce(`assets.seed.${event}`, { ...this.#progress, ...more });
  }
}
