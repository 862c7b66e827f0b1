/** A lock between processes that the system lets go when its holder dies. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { HttpError } from "../http/errors.ts";

/** What is done under the lock takes milliseconds. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 5;
const SQLITE_BUSY = 5;

/** The last piece of work on each lock file, in this process. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while no other call with this lock file runs, in this process or another. The lock is SQLite's own, on an
 * empty database: no file is left behind that says "locked" for ever after a crash.
 * @throws HttpError 503 when others hold the lock for too long
 */
export async function exclusively<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  const before = queues.get(lockFile) ?? Promise.resolve();
  const mine = before.then(() => withLock(lockFile, work));
  const settled = mine.catch(() => undefined);
  queues.set(lockFile, settled);
  try {
    return await mine;
  } finally {
    if (queues.get(lockFile) === settled) queues.delete(lockFile);
  }
}

async function withLock<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(lockFile), { recursive: true });
  const database = new DatabaseSync(lockFile);
  try {
    await begin(database, lockFile);
    return await work();
  } finally {
    // Closing rolls the empty transaction back, which lets go.
    database.close();
  }
}

async function begin(database: DatabaseSync, lockFile: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      database.exec("BEGIN EXCLUSIVE");
      return;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
      if (performance.now() > deadline)
        throw new HttpError(503, `${path.basename(lockFile)} is held by others`);
    }
    await delay(RETRY_MS);
  }
}
