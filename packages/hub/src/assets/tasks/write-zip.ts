/** Writing an archive in constant memory; it appears under its name only when it is whole. */
import { createReadStream, createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";

export interface ZipEntry {
  /** name inside the archive, see `uniqueNames` */
  readonly name: string;
  /** files that have the content; the first that can be read is taken */
  readonly paths: readonly string[];
  /** what is packed already is not packed again */
  readonly compress: boolean;
}

export interface ZipProgress {
  readonly attempted: number;
  readonly failed: number;
  /** bytes read */
  readonly bytes: number;
}

export interface ZipResult extends ZipProgress {
  /** bytes of the archive */
  readonly size: number;
}

const PROGRESS_MS = 200;

/**
 * Writes `target`. Files that cannot be read are left out and counted.
 * @param heard is told of progress, now and then
 */
export async function writeZip(
  target: string,
  entries: readonly ZipEntry[],
  heard: (progress: ZipProgress) => void,
): Promise<ZipResult> {
  const temporary = `${target}.part`;
  const zip = new ZipFile();
  const progress = { attempted: 0, failed: 0, bytes: 0 };
  let last = 0;
  const tell = (): void => {
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    heard({ ...progress });
  };
  try {
    const written = pipeline(zip.outputStream, createWriteStream(temporary));
    const added = addEntries(zip, entries, progress, tell);
    // A full disk ends the writing, and nobody would take the next entry.
    await Promise.race([added, written.then(() => added)]);
    zip.end();
    await written;
    const handle = await open(temporary, "r+");
    await handle.sync();
    const { size } = await handle.stat();
    await handle.close();
    await rename(temporary, target);
    return { ...progress, size };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function addEntries(
  zip: ZipFile,
  entries: readonly ZipEntry[],
  progress: { attempted: number; failed: number; bytes: number },
  tell: () => void,
): Promise<void> {
  for (const { name, paths, compress } of entries) {
    const file = await firstReadable(paths);
    progress.attempted += 1;
    if (file === undefined) {
      progress.failed += 1;
    } else {
      const stream = createReadStream(file.path, { end: Math.max(0, file.size - 1) });
      stream.on("data", (chunk) => {
        progress.bytes += chunk.length;
        tell();
      });
      const options = { mtime: file.mtime, compress, compressionLevel: compress ? 6 : 0, mode: 0o100644 };
      const isRead = new Promise<void>((resolve, reject) => {
        stream.once("close", resolve);
        stream.once("error", reject);
      });
      // Of an empty file nothing is read at all.
      if (file.size === 0) zip.addBuffer(Buffer.alloc(0), name, options);
      else zip.addReadStream(stream, name, options);
      if (file.size > 0) await isRead;
      else stream.destroy();
    }
    tell();
  }
}

async function firstReadable(
  paths: readonly string[],
): Promise<{ path: string; size: number; mtime: Date } | undefined> {
  for (const path of paths) {
    const handle = await open(path, "r").catch(() => undefined);
    if (handle === undefined) continue;
    const stats = await handle.stat();
    await handle.close();
    if (stats.isFile()) return { path, size: stats.size, mtime: stats.mtime };
  }
  return undefined;
}
