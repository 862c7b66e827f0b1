/** EXIF: ASCII tags of the first directory that hold `workflow:{…}` or `prompt:{…}`. */
import { utf8, viewOf } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type EmbeddedTexts, keepLabelled } from "./texts.ts";

const ASCII = 2;
const ENTRY_BYTES = 12;

/** @param bytes from the byte order mark on, or from the `Exif\0\0` before it */
export function readExif(bytes: Uint8Array): EmbeddedTexts {
  const data = utf8(bytes.subarray(0, 6)) === "Exif\0\0" ? bytes.subarray(6) : bytes;
  const view = viewOf(data);
  const order = data.length < 8 ? "" : utf8(data.subarray(0, 2));
  if (order !== "II" && order !== "MM") throw new MediaError("the EXIF data does not say its byte order");
  const little = order === "II";
  const texts: EmbeddedTexts = {};
  const start = view.getUint32(4, little);
  if (start + 2 > data.length) throw new MediaError("the EXIF directory lies beyond the end of its data");
  const entries = view.getUint16(start, little);
  for (let index = 0; index < entries; index += 1) {
    const at = start + 2 + index * ENTRY_BYTES;
    if (at + ENTRY_BYTES > data.length) throw new MediaError("the EXIF directory is cut off");
    if (view.getUint16(at + 2, little) !== ASCII) continue;
    const length = view.getUint32(at + 4, little);
    const offset = length <= 4 ? at + 8 : view.getUint32(at + 8, little);
    if (offset + length > data.length) throw new MediaError("an EXIF tag lies beyond the end of its data");
    keepLabelled(texts, utf8(data.subarray(offset, offset + length)).replace(/\0+$/, ""));
  }
  return texts;
}
