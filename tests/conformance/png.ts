/** Decodes PNG files completely: header, chunks, text and unfiltered samples. */
import { inflateSync } from "node:zlib";

export interface PngChunk {
  readonly type: string;
  readonly data: Buffer;
}

export interface PngImage {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
  readonly chunks: readonly PngChunk[];
  /** `tEXt` chunks in order, Latin-1 */
  readonly text: readonly (readonly [string, string])[];
}

export const PNG_SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
export const PNG_MODES: Readonly<Record<number, string>> = { 0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA" };

/** Splits a PNG into chunks and reads its header. @throws when it is not one */
export function readPng(bytes: Buffer): PngImage {
  if (!bytes.subarray(0, 8).equals(PNG_SIGNATURE)) throw new Error("not a PNG");
  const chunks: PngChunk[] = [];
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    chunks.push({
      type: bytes.toString("latin1", at + 4, at + 8),
      data: bytes.subarray(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  const header = chunks.find((chunk) => chunk.type === "IHDR")?.data;
  if (header === undefined) throw new Error("PNG without IHDR");
  return {
    width: header.readUInt32BE(0),
    height: header.readUInt32BE(4),
    bitDepth: header.readUInt8(8),
    colorType: header.readUInt8(9),
    interlaced: header.readUInt8(12) !== 0,
    chunks,
    text: chunks.flatMap(({ type, data }) => {
      if (type !== "tEXt") return [];
      const end = data.indexOf(0);
      return [[data.toString("latin1", 0, end), data.toString("latin1", end + 1)] as const];
    }),
  };
}

/** The number of channels of a PNG. */
export function channelsOf(png: Pick<PngImage, "colorType">): number {
  const channels = CHANNELS[png.colorType];
  if (channels === undefined) throw new Error(`PNG of unknown colour type ${png.colorType}`);
  return channels;
}

/** The unfiltered scan lines of the default image, row by row without filter bytes (16 bit: big-endian). */
export function pngSamples(png: PngImage): Buffer {
  const data = png.chunks.flatMap(({ type, data: part }) => (type === "IDAT" ? [part] : []));
  return unfilter(png, Buffer.concat(data), png.width, png.height);
}

/** The frames of an animated PNG, each unfiltered; frames are `[width, height, samples]`. */
export function pngFrames(png: PngImage): Buffer[] {
  const frames: Buffer[] = [];
  let size: [number, number] | undefined;
  let parts: Buffer[] = [];
  const finish = (): void => {
    if (size !== undefined && parts.length > 0) frames.push(unfilter(png, Buffer.concat(parts), ...size));
    parts = [];
  };
  for (const { type, data } of png.chunks) {
    if (type === "fcTL") {
      finish();
      size = [data.readUInt32BE(4), data.readUInt32BE(8)];
    } else if (type === "IDAT" && size !== undefined) parts.push(data);
    else if (type === "fdAT") parts.push(data.subarray(4));
  }
  finish();
  return frames;
}

/** PNG specification, section 9. */
function unfilter(png: PngImage, compressed: Buffer, width: number, height: number): Buffer {
  if (png.interlaced) throw new Error("interlaced PNG files are not decoded");
  const raw = inflateSync(compressed);
  const bitsPerPixel = channelsOf(png) * png.bitDepth;
  const pixel = Math.max(1, bitsPerPixel >> 3);
  const stride = Math.ceil((width * bitsPerPixel) / 8);
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    const filter = raw[y * (stride + 1)];
    const [from, to, above] = [y * (stride + 1) + 1, y * stride, (y - 1) * stride];
    for (let x = 0; x < stride; x += 1) {
      const a = x >= pixel ? (out[to + x - pixel] as number) : 0;
      const b = y > 0 ? (out[above + x] as number) : 0;
      const c = x >= pixel && y > 0 ? (out[above + x - pixel] as number) : 0;
      const base =
        filter === 1 ? a : filter === 2 ? b : filter === 3 ? (a + b) >> 1 : filter === 4 ? paeth(a, b, c) : 0;
      out[to + x] = ((raw[from + x] as number) + base) & 255;
    }
  }
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}
