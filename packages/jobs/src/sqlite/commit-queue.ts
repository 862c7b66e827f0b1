/**
 * Group commit: transactions that are asked for in one turn of the event loop share one commit, and so one wait for
 * the disk. Each runs in a savepoint of its own: one that fails takes back its own changes alone.
 */
import type { DatabaseSync } from "node:sqlite";

interface Waiting {
  readonly durable: boolean;
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class CommitQueue {
  readonly #database: DatabaseSync;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #isFull = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
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
    const settled: (() => void)[] = [];
    try {
      this.#synchronous(batch.some((item) => item.durable));
      this.#database.exec("BEGIN IMMEDIATE");
      for (const item of batch) settled.push(this.#runOne(item));
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      for (const item of batch) item.reject(error);
      return;
    }
    for (const settle of settled) settle();
  }

  #runOne(item: Waiting): () => void {
    this.#database.exec("SAVEPOINT one");
    try {
      const value = item.run();
      this.#database.exec("RELEASE one");
      return () => item.resolve(value as never);
    } catch (error) {
      this.#database.exec("ROLLBACK TO one; RELEASE one");
      return () => item.reject(error);
    }
  }

  #synchronous(full: boolean): void {
    if (full === this.#isFull) return;
    this.#database.exec(`PRAGMA synchronous = ${full ? "FULL" : "NORMAL"}`);
    this.#isFull = full;
  }
}
