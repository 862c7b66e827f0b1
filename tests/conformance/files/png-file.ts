/** A saved PNG: header, order of chunks, texts, samples, frames. */
import type { JsonObject, JsonValue } from "@hearth/protocol";
import { pngFrames, pngSamples, readPng, type PngChunk } from "../png.ts";

const STANDARD = new Set([
  "IHDR",
  "PLTE",
  "IDAT",
  "IEND",
  "tEXt",
  "tRNS",
  "pHYs",
  "gAMA",
  "sRGB",
  "iCCP",
  "cICP",
  "acTL",
  "fcTL",
  "fdAT",
]);

export function describePngFile(bytes: Buffer): JsonObject {
  const png = readPng(bytes);
  const types = png.chunks.map((chunk) => chunk.type);
  const file: JsonObject = {
    width: png.width,
    height: png.height,
    bit_depth: png.bitDepth,
    color_type: png.colorType,
    chunks: types.filter((type, index) => type !== types[index - 1]),
    text: png.text.map(([key, value]) => [key, value]),
    samples_base64: pngSamples(png).toString("base64"),
  };
  if (types.includes("acTL")) {
    file["extra"] = png.chunks.flatMap((chunk) => extraOf(chunk));
    file["frames"] = pngFrames(png).map((frame) => frame.toString("base64"));
    file["durations"] = png.chunks.flatMap(({ type, data }) =>
      type === "fcTL" ? [(1000 * data.readUInt16BE(20)) / (data.readUInt16BE(22) || 100)] : [],
    );
  }
  return file;
}

/** Frame chunks as numbers, private chunks as `[key, text]`. */
function extraOf({ type, data }: PngChunk): JsonValue[] {
  if (type === "acTL") return [[type, [data.readUInt32BE(0), data.readUInt32BE(4)]]];
  if (type === "fcTL") {
    const words = [0, 4, 8, 12, 16].map((at) => data.readUInt32BE(at));
    return [
      [
        type,
        [...words, data.readUInt16BE(20), data.readUInt16BE(22), data.readUInt8(24), data.readUInt8(25)],
      ],
    ];
  }
  if (STANDARD.has(type)) return [];
  const end = data.indexOf(0);
  return [[data.toString("latin1", 0, end), data.toString("latin1", end + 1)]];
}
