/** Archives that are sent while they are built: one file after the other, in constant memory. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { ZipFile } from "yazl";
import { mediaOf } from "../../files/content-types.ts";

export interface ArchivedFile {
  /** name inside the archive, with forward slashes */
  readonly name: string;
  /** absolute */
  readonly file: string;
}

const CHUNK = 256 * 1024;

/**
 * The archive of these files as a stream. Files that are gone, or that cannot be read, are left out; media are packed
 * as they are, since they are compressed already. A reader that goes away ends everything.
 */
export function zipStream(files: Iterable<ArchivedFile>): Readable {
  const zip = new ZipFile();
  // yazl's stream is a PassThrough; its type says less.
  const output = zip.outputStream as Readable;
  void addAll(zip, output, files).catch((error: Error) => output.destroy(error));
  return output;
}

async function addAll(zip: ZipFile, output: Readable, files: Iterable<ArchivedFile>): Promise<void> {
  for (const { name, file } of files) {
    if (output.destroyed) return;
    const handle = await openRegular(file);
    if (handle === undefined) continue;
    const { size, mtime } = await handle.stat();
    const compress = mediaOf(name) === undefined && !/\.(zip|gz|safetensors)$/i.test(name);
    const options = { mtime, compress, mode: 0o100644 };
    if (size === 0) {
      await handle.close();
      zip.addBuffer(Buffer.alloc(0), name, options);
      continue;
    }
    // A file that grows meanwhile is packed as long as it was.
    const stream = handle.createReadStream({ end: size - 1, highWaterMark: CHUNK });
    const ended = once(stream, "close");
    const stop = (): void => void stream.destroy();
    output.once("close", stop);
    stream.once("error", (error) => output.destroy(error));
    zip.addReadStream(stream, name, options);
    // The next file is opened when this one has been read: one open file, however many there are.
    await ended.finally(() => output.off("close", stop));
  }
  if (!output.destroyed) zip.end();
}

async function openRegular(file: string): Promise<FileHandle | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => undefined);
  if (handle === undefined) return undefined;
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}
