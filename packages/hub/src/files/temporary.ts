/** Files in the making, and what is left of them after a crash. */
import { randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";

/** Hidden and without an ending, so that no list of files shows it. */
const PREFIX = ".upload-";
/** A temporary file that nobody has written to for so long is left from a process that died. */
const STALE_MS = 24 * 3600 * 1000;

/** A path for a file in the making, in `directory`. */
export function temporaryPath(directory: string): string {
  return path.join(directory, `${PREFIX}${randomUUID()}`);
}

/** Removes what processes that died left in `directory`. */
export async function removeStaleUploads(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names.filter((name) => name.startsWith(PREFIX))) {
    const file = path.join(directory, name);
    const stats = await stat(file).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs > STALE_MS) await rm(file, { force: true });
  }
}
