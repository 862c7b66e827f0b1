/**
 * Writing PNG files. Stripes of rows are filtered here and deflated on the thread pool at the same time, so that a
 * large picture uses all cores; the result holds IHDR, the given chunks, IDAT and IEND, and nothing else.
 */
import { constants, deflateRaw } from "node:zlib";
import { promisify } from "node:util";
import { PNG_SIGNATURE, pngChunk } from "./png-chunks.ts";
import { type FilteredRows, filterRows } from "./png-filter.ts";

const deflate = promisify(deflateRaw);

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
  readonly channels: 1 | 2 | 3 | 4;
  readonly depth: 8 | 16;
  /** rows from the top, samples interleaved; 16-bit samples are big-endian */
  readonly samples: Uint8Array;
}

export interface PngOptions {
  /** zlib level 0…9 */
  readonly level: number;
  /** whole chunks that stand between IHDR and the pixels */
  readonly before?: readonly Buffer[];
}

const COLOR_TYPES = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;
/** Stripes of about this many bytes: large enough that starting afresh costs no compression. */
const STRIPE = 1 << 20;

/** The bytes of a PNG file. */
export async function encodePng(raster: Raster, options: PngOptions): Promise<Buffer> {
  const pixels = await deflateStripes(raster, options.level);
  return Buffer.concat([
    PNG_SIGNATURE,
    headerChunk(raster),
    ...(options.before ?? []),
    ...pixels.map((part) => pngChunk("IDAT", part)),
    pngChunk("IEND"),
  ]);
}

export function headerChunk({ width, height, channels, depth }: Omit<Raster, "samples">): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = COLOR_TYPES[channels];
  return pngChunk("IHDR", header);
}

/**
 * The zlib stream of the filtered rows, in parts. Every part but the last ends in a sync flush, so the parts join
 * into one stream. @throws RangeError when the samples do not fill the raster
 */
export async function deflateStripes(raster: Raster, level: number): Promise<Buffer[]> {
  const { width, height, channels, depth, samples } = raster;
  const pixelBytes = (channels * depth) / 8;
  const rowBytes = width * pixelBytes;
  if (width < 1 || height < 1 || samples.length !== rowBytes * height) {
    throw new RangeError(
      `${samples.length} bytes do not fill ${width}×${height} pixels of ${pixelBytes} bytes`,
    );
  }
  const rows = Math.max(1, Math.floor(STRIPE / rowBytes));
  const parts: Promise<Buffer>[] = [];
  let sum = { low: 1, high: 0 };
  for (let top = 0; top < height; top += rows) {
    const bottom = Math.min(top + rows, height);
    const filtered: FilteredRows = filterRows(samples, rowBytes, pixelBytes, top, bottom);
    const finishFlush = bottom === height ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    // Started before the next stripe is filtered: the pool works while this thread goes on.
    parts.push(deflate(filtered, { level, memLevel: 9, finishFlush }));
    sum = adler32(filtered, sum);
  }
  const trailer = Buffer.alloc(4);
  trailer.writeUInt16BE(sum.high, 0);
  trailer.writeUInt16BE(sum.low, 2);
  const deflated = await Promise.all(parts);
  const first = deflated[0] as Buffer;
  const last = deflated.length - 1;
  // 0x78 0x9c: deflate with a 32 KiB window, no dictionary (RFC 1950).
  deflated[0] = Buffer.concat([Buffer.from([0x78, 0x9c]), first]);
  deflated[last] = Buffer.concat([deflated[last] as Buffer, trailer]);
  return deflated;
}

/** RFC 1950, section 9. 3,800 bytes at a time keep the sums below 2^31, where the engine adds whole numbers. */
function adler32(bytes: Uint8Array, from: { low: number; high: number }): { low: number; high: number } {
  let { low, high } = from;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + 3800, bytes.length);
    for (; at < end; at++) {
      low = (low + (bytes[at] as number)) | 0;
      high = (high + low) | 0;
    }
    low %= 65521;
    high %= 65521;
  }
  return { low, high };
}
