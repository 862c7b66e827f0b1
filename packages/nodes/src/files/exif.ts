/** EXIF blocks of texts, and putting one into a WebP file (RIFF container of the WebP specification). */

/** `Model`; further texts take the tags below it, descending. */
const FIRST_TAG = 0x0110;
const ASCII = 2;

/** A TIFF block whose first directory holds the texts under tags 0x0110, 0x010F, … */
export function exifBlock(texts: readonly string[]): Buffer {
  const entries = texts.map((text, index) => ({
    tag: FIRST_TAG - index,
    bytes: Buffer.from(`${text}\0`, "utf8"),
  }));
  // Readers expect a directory in ascending order.
  entries.reverse();
  const directory = Buffer.alloc(8 + 2 + 12 * entries.length + 4);
  directory.write("MM\0*", 0, "latin1");
  directory.writeUInt32BE(8, 4);
  directory.writeUInt16BE(entries.length, 8);
  const values: Buffer[] = [];
  let end = directory.length;
  for (const [index, { tag, bytes }] of entries.entries()) {
    const at = 10 + 12 * index;
    directory.writeUInt16BE(tag, at);
    directory.writeUInt16BE(ASCII, at + 2);
    directory.writeUInt32BE(bytes.length, at + 4);
    if (bytes.length <= 4) {
      bytes.copy(directory, at + 8);
      continue;
    }
    directory.writeUInt32BE(end, at + 8);
    const padded = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
    values.push(padded);
    end += padded.length;
  }
  return Buffer.concat([directory, ...values]);
}

const EXIF_FLAG = 0x08;
const ALPHA_FLAG = 0x10;

/** Adds an EXIF block to a WebP file, and the extended header that it needs. @throws RangeError when it is no WebP */
export function addWebpExif(
  file: Buffer,
  exif: Buffer,
  size: { width: number; height: number; alpha: boolean },
): Buffer {
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WEBP") {
    throw new RangeError("not a WebP file");
  }
  const chunks = Buffer.from(file.subarray(12));
  const parts: Buffer[] = [];
  if (chunks.toString("latin1", 0, 4) === "VP8X") {
    chunks[8] = (chunks[8] as number) | EXIF_FLAG;
  } else {
    const header = Buffer.alloc(10);
    header[0] = EXIF_FLAG | (size.alpha ? ALPHA_FLAG : 0);
    header.writeUIntLE(size.width - 1, 4, 3);
    header.writeUIntLE(size.height - 1, 7, 3);
    parts.push(riffChunk("VP8X", header));
  }
  parts.push(chunks, riffChunk("EXIF", exif));
  const body = Buffer.concat(parts);
  const head = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

function riffChunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 0, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat(data.length % 2 === 0 ? [head, data] : [head, data, Buffer.alloc(1)]);
}
