/**
 * Group commit: transactions that are asked for in one turn of the event loop share one commit. Each runs in a savepoint
 * of its own: one that fails takes back its own changes alone.
 *
 * The database runs with `synchronous = NORMAL`, so COMMIT only writes the log and does not wait. Who wants durability
 * then waits for the disk without holding up anybody (see `DiskSync`). SQLite itself flushes the log before it moves
 * pages to the database file, so the order on the disk is always right; a power cut loses at most what nobody was told.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { DiskSync } from "./disk-sync.ts";

interface Waiting {
  readonly durable: boolean;
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #database: DatabaseSync;
  readonly #disk: DiskSync;
  readonly #takenBack: () => void;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #savepoint: StatementSync;
  readonly #release: StatementSync;
  #waiting: Waiting[] = [];
  #scheduled = false;

  /** `takenBack` hears of transactions that changed nothing in the end: what was read in them may not be there. */
  constructor(database: DatabaseSync, disk: DiskSync, takenBack: () => void = () => undefined) {
    this.#database = database;
    this.#disk = disk;
    this.#takenBack = takenBack;
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#savepoint = database.prepare("SAVEPOINT one");
    this.#release = database.prepare("RELEASE one");
  }

  /**
   * Runs `work` in a transaction. With `durable`, the promise resolves only when the change is on the disk; without,
   * a power cut may lose it, but never a part of it and never the death of this process.
   */
  run<T>(durable: boolean, work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ durable, run: work, resolve: resolve as (value: never) => void, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Commits what waits now: also before a read, so that a reader sees its own writes. */
  flush(): void {
    this.#scheduled = false;
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const settled: { durable: boolean; settle: () => void; fail: (error: unknown) => void }[] = [];
    try {
      this.#begin.run();
      for (const item of batch) {
        // One alone needs no savepoint: its failure takes back all there is.
        const settle = batch.length === 1 ? this.#settling(item) : this.#runOne(item);
        settled.push({ durable: item.durable, settle, fail: item.reject });
      }
      this.#commit.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#takenBack();
      for (const item of batch) item.reject(error);
      return;
    }
    for (const item of settled) if (!item.durable) item.settle();
    const durable = settled.filter((item) => item.durable);
    if (durable.length === 0) return;
    this.#disk.written().then(
      () => durable.forEach((item) => item.settle()),
      (error: unknown) => durable.forEach((item) => item.fail(error)),
    );
  }

  #runOne(item: Waiting): () => void {
    this.#savepoint.run();
    try {
      const settle = this.#settling(item);
      this.#release.run();
      return settle;
    } catch (error) {
      this.#database.exec("ROLLBACK TO one; RELEASE one");
      this.#takenBack();
      return () => item.reject(error);
    }
  }

  #settling(item: Waiting): () => void {
    const value = item.run();
    return () => item.resolve(value as never);
  }
}
