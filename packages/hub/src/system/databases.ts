/** The write-ahead logs of the SQLite files: how much of them is not in the database file yet, and bringing it there. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A connection that is in the middle of a write gets so long to end it. */
const WAIT_MS = 2_000;
const RETRY_MS = 20;

export interface LogState {
  readonly name: string;
  readonly size_bytes: number;
  /** bytes of the log; 0: all is in the file */
  readonly wal_bytes: number;
  readonly flushed: boolean;
}

/** How much of each database waits in its log. Files that are not there are left out. */
export async function logStates(files: readonly string[]): Promise<LogState[]> {
  const states: LogState[] = [];
  for (const file of files) {
    const size = await sizeOf(file);
    if (size === undefined) continue;
    const wal = (await sizeOf(`${file}-wal`)) ?? 0;
    states.push({ name: path.basename(file), size_bytes: size, wal_bytes: wal, flushed: wal === 0 });
  }
  return states;
}

/** Copies the logs into their files. @throws Error that names a database which others kept busy */
export async function checkpoint(files: readonly string[]): Promise<void> {
  for (const file of files) {
    if ((await sizeOf(file)) !== undefined) await checkpointFile(file);
  }
}

async function checkpointFile(file: string): Promise<void> {
  // A connection of its own: a checkpoint concerns the file, whoever wrote the log. It must not wait inside SQLite, since
  // the writer that it waits for may be on this very thread.
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const { busy } = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
      if (busy === 0) return;
      if (performance.now() > deadline) throw new Error(`${path.basename(file)} is busy`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } finally {
    database.close();
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
