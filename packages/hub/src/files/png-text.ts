/** Text chunks of PNG files, carried from one file to another as they are (PNG specification, section 11.3.3). */
import { open } from "node:fs/promises";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const TEXT_TYPES = new Set(["tEXt", "zTXt", "iTXt"]);
/** Length, type and checksum around a chunk's data. */
const OVERHEAD = 12;
/** Signature and header chunk: what text chunks are put behind. */
const HEADER_END = SIGNATURE.length + OVERHEAD + 13;
/** More text than this is not carried: it is no workflow any more. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** The text chunks of a PNG file, whole. Empty for other files; a file that is cut short gives those before the cut. */
export async function readTextChunks(file: string): Promise<Buffer[]> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const head = Buffer.alloc(8);
    if ((await handle.read(head, 0, 8, 0)).bytesRead < 8 || !head.equals(SIGNATURE)) return [];
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (let at = SIGNATURE.length; at + OVERHEAD <= size;) {
      await handle.read(head, 0, 8, at);
      const length = head.readUInt32BE(0) + OVERHEAD;
      if (at + length > size) break;
      if (TEXT_TYPES.has(head.toString("latin1", 4, 8))) {
        bytes += length;
        if (bytes > MAX_TEXT_BYTES) break;
        const chunk = Buffer.alloc(length);
        await handle.read(chunk, 0, length, at);
        chunks.push(chunk);
      }
      at += length;
    }
    return chunks;
  } finally {
    await handle.close();
  }
}

/** A PNG with whole chunks added behind its header. */
export function insertChunks(png: Buffer, chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, HEADER_END), ...chunks, png.subarray(HEADER_END)]);
}
