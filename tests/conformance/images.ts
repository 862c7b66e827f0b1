/** Describes encoded images without a codec: PNG is decoded completely, JPEG, WebP and GIF by their headers. */
import { createHash } from "node:crypto";
import type { JsonObject } from "@hearth/protocol";
import { PNG_MODES, PNG_SIGNATURE, pngSamples, readPng } from "./png.ts";

export interface ImageDescription {
  /** `null` when the bytes are no image that is known here */
  readonly image: JsonObject | null;
  /** PNG text entries */
  readonly text: Readonly<Record<string, string>>;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A damaged image is a finding: it is described as `broken` with the reason. */
export function describeImage(bytes: Buffer): ImageDescription {
  try {
    if (bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return describePng(bytes);
    if (bytes.readUInt16BE(0) === 0xffd8) return { image: describeJpeg(bytes), text: {} };
    const magic = bytes.toString("latin1", 0, 4);
    if (magic === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP")
      return { image: describeWebp(bytes), text: {} };
    if (magic === "GIF8") {
      return {
        image: { format: "gif", width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) },
        text: {},
      };
    }
  } catch (error) {
    return { image: { format: "broken", why: (error as Error).message }, text: {} };
  }
  return { image: null, text: {} };
}

function describePng(bytes: Buffer): ImageDescription {
  const png = readPng(bytes);
  const image: JsonObject = {
    format: "png",
    width: png.width,
    height: png.height,
    mode: PNG_MODES[png.colorType] ?? "?",
    bits: png.bitDepth,
  };
  if (!png.interlaced) image["pixels_sha256"] = sha256(pngSamples(png));
  return { image, text: Object.fromEntries(png.text) };
}

/** Walks the markers to the frame header (SOF). */
function describeJpeg(bytes: Buffer): JsonObject {
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const mode = { 1: "L", 3: "RGB", 4: "CMYK" }[bytes[at + 9] as number] ?? "?";
      return { format: "jpeg", width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5), mode };
    } else at += 2 + bytes.readUInt16BE(at + 2);
  }
  return { format: "jpeg" };
}

function describeWebp(bytes: Buffer): JsonObject {
  const kind = bytes.toString("latin1", 12, 16);
  if (kind === "VP8X") {
    return { format: "webp", width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
  }
  if (kind === "VP8L") {
    const bits = bytes.readUInt32LE(21);
    return { format: "webp", width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  return { format: "webp", width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
}
