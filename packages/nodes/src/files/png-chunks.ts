/** The outer form of PNG files: signature, chunks, checksums. PNG specification, third edition, section 5. */
import { crc32 } from "node:zlib";

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface PngChunk {
  /** four letters, e.g. `IDAT` */
  readonly type: string;
  readonly data: Buffer;
}

/** The bytes of one chunk: length, type, data, CRC-32 of type and data. */
export function pngChunk(type: string, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.allocUnsafe(length + 12);
  bytes.writeUInt32BE(length, 0);
  bytes.write(type, 4, "latin1");
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.writeUInt32BE(crc32(bytes.subarray(4, at)), at);
  return bytes;
}

/** A `tEXt` chunk: keyword and text in Latin-1. @throws RangeError for a keyword that the format cannot hold */
export function textChunk(keyword: string, text: string): Buffer {
  return pngChunk("tEXt", latin1(keyword, 79), Buffer.from([0]), latin1(text));
}

/** Latin-1 bytes. @throws RangeError for an empty or too long text, or one with other characters */
export function latin1(text: string, longest?: number): Buffer {
  // oxlint-disable-next-line no-control-regex -- the NUL byte ends a keyword
  if (/[^\u0001-\u00ff]/.test(text))
    throw new RangeError(`not a Latin-1 text: ${JSON.stringify(text.slice(0, 80))}`);
  if (longest !== undefined && (text.length === 0 || text.length > longest)) {
    throw new RangeError(`a keyword has 1 to ${longest} characters: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return Buffer.from(text, "latin1");
}

export function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.equals(bytes.subarray(0, 8));
}

/** The chunks of a file, without copying. Stops after `IEND`. @throws RangeError when the file is cut short */
export function readPngChunks(bytes: Uint8Array): PngChunk[] {
  if (!isPng(bytes)) throw new RangeError("not a PNG file");
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: PngChunk[] = [];
  for (let at = 8; at < file.length;) {
    if (at + 12 > file.length) throw new RangeError("PNG file is cut short");
    const end = at + 8 + file.readUInt32BE(at);
    if (end + 4 > file.length) throw new RangeError("PNG file is cut short");
    const type = file.toString("latin1", at + 4, at + 8);
    chunks.push({ type, data: file.subarray(at + 8, end) });
    if (type === "IEND") break;
    at = end + 4;
  }
  return chunks;
}

/** `[keyword, text]` of every `tEXt` chunk, in order. */
export function readPngText(bytes: Uint8Array): [string, string][] {
  return readPngChunks(bytes).flatMap(({ type, data }): [string, string][] => {
    const end = data.indexOf(0);
    return type === "tEXt" && end >= 0
      ? [[data.toString("latin1", 0, end), data.toString("latin1", end + 1)]]
      : [];
  });
}
