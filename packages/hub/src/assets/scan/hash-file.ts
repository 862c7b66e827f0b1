/** BLAKE3 of a file, in constant memory. It runs in the thread that reads files, and lets others in between chunks. */
import { open } from "node:fs/promises";
import { Blake3Hasher } from "@napi-rs/blake-hash";
import type { FileStamp } from "../asset.ts";
import { HASH_PREFIX } from "../hash.ts";

const CHUNK = 1024 * 1024;

export interface HashedFile extends FileStamp {
  /** `blake3:` and 64 hex digits */
  readonly hash: string;
}

/**
 * Hashes a file. The stamp is the one from before reading; a file that is being written to has another one afterwards.
 * @param mayGoOn is asked between chunks; when it says no, the result is `undefined`
 */
export async function hashFile(file: string): Promise<HashedFile>;
export async function hashFile(
  file: string,
  mayGoOn: () => boolean | Promise<boolean>,
): Promise<HashedFile | undefined>;
export async function hashFile(
  file: string,
  mayGoOn?: () => boolean | Promise<boolean>,
): Promise<HashedFile | undefined> {
  const handle = await open(file, "r");
  try {
    const stats = await handle.stat({ bigint: true });
    const hasher = new Blake3Hasher();
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, Number(stats.size))));
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      hasher.update(chunk.subarray(0, bytesRead));
      if (mayGoOn !== undefined && !(await mayGoOn())) return undefined;
    }
    return {
      hash: HASH_PREFIX + hasher.digest("hex"),
      size: Number(stats.size),
      mtimeNs: stats.mtimeNs.toString(),
    };
  } finally {
    await handle.close();
  }
}
