/** Opening the database file for one hub. */
import { chmodSync, mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DatabaseBusyError } from "../errors.ts";
import { DiskSync } from "./disk-sync.ts";
import { migrate } from "./migrations.ts";

/** A hub that was just killed gives its lock back within this time. */
const WAIT_MS = 3_000;
const RETRY_MS = 25;

/**
 * Pages of the log at which they are moved to the database file, which waits for the disk twice: rarely, and a page that
 * many jobs changed is moved once. The log stays at about this size (16 MB).
 */
const CHECKPOINT_PAGES = 4_000;

export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** waits until what was committed is on the disk */
  readonly disk: DiskSync;
  /** gives the lock back */
  readonly release: () => Promise<void>;
}

/**
 * Opens `file` for this process alone. The lock is one that the system gives back when its holder dies, however it
 * dies: an exclusive transaction on a small database beside the file. @throws DatabaseBusyError
 */
export async function openDatabase(file: string): Promise<OpenDatabase> {
  mkdirSync(path.dirname(file), { recursive: true });
  const lock = await takeLock(file);
  const database = new DatabaseSync(file);
  // Prompts and tokens are nobody else's business. SQLite gives its log the mode of the database.
  chmodSync(file, 0o600);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -16000;
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA foreign_keys = ON;
  `);
  migrate(database);
  // Reading makes sure that the log is there, also in a database that nothing is written to.
  database.exec("BEGIN IMMEDIATE; COMMIT");
  const disk = await DiskSync.open(`${file}-wal`);
  return {
    database,
    disk,
    release: async () => {
      await disk.close();
      database.close();
      lock.close();
    },
  };
}

async function takeLock(file: string): Promise<DatabaseSync> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const lock = new DatabaseSync(`${file}.lock`);
    try {
      lock.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
      return lock;
    } catch (error) {
      lock.close();
      if (!/locked|busy/.test(String(error)) || performance.now() > deadline) {
        throw /locked|busy/.test(String(error)) ? new DatabaseBusyError(file) : error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
