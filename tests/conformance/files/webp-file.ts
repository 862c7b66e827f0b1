/** A saved WebP, decoded with libvips. */
import sharp from "sharp";
import type { JsonObject, JsonValue } from "@hearth/protocol";
import { meanColours } from "./media.ts";

/** Frames are RGBA bytes where the file is lossless, and mean colours where it is not. */
export async function describeWebpFile(bytes: Buffer): Promise<JsonObject> {
  const image = sharp(bytes, { animated: true });
  const metadata = await image.metadata();
  const pages = metadata.pages ?? 1;
  const height = metadata.pageHeight ?? metadata.height;
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const size = info.width * height * 4;
  const frames = Array.from({ length: pages }, (_, page) => data.subarray(page * size, (page + 1) * size));
  const lossless = chunkTypes(bytes).includes("VP8L");
  const file: JsonObject = {
    width: info.width,
    height,
    n_frames: pages,
    loop: metadata.loop ?? 0,
    exif: metadata.exif === undefined ? [] : exifTexts(metadata.exif),
    durations: metadata.delay ?? [],
    frames_base64: frames.map((frame) => (lossless ? frame.toString("base64") : null)),
    lossless,
  };
  if (!lossless) file["frame_mean_rgb"] = frames.map((frame) => meanColours(frame, 4));
  return file;
}

/** Chunk types, also of the chunks inside of animation frames. */
function chunkTypes(bytes: Buffer): string[] {
  const types: string[] = [];
  const walk = (from: number, to: number): void => {
    for (let at = from; at + 8 <= to;) {
      const type = bytes.toString("latin1", at, at + 4);
      const length = bytes.readUInt32LE(at + 4);
      types.push(type);
      if (type === "ANMF") walk(at + 8 + 16, at + 8 + length);
      at += 8 + length + (length & 1);
    }
  };
  walk(12, bytes.length);
  return types;
}

/** The texts of the first directory of an EXIF block (TIFF 6.0, section 2), `[tag, text]` in order. */
function exifTexts(exif: Buffer): JsonValue[] {
  const tiff = exif.toString("latin1", 0, 6) === "Exif\0\0" ? exif.subarray(6) : exif;
  const little = tiff.toString("latin1", 0, 2) === "II";
  const u16 = (at: number): number => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number): number => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));
  const directory = u32(4);
  return Array.from({ length: u16(directory) }, (_, index): JsonValue[] => {
    const at = directory + 2 + 12 * index;
    if (u16(at + 2) !== 2) return [];
    const count = u32(at + 4);
    const from = count <= 4 ? at + 8 : u32(at + 8);
    const text = tiff.toString("utf8", from, from + count).replace(/\0+$/, "");
    // The prompt in it is compared by its presence, as recorded.
    return [[u16(at), text.replace(/^(prompt|workflow):[[{].*/s, "$1:<json>")]];
  }).flat();
}
