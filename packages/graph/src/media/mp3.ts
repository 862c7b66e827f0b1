/** MP3: text frames of the ID3v2 tag that hold a key and a text (`TXXX`). */
import { fourCharacters, latin1, type Reader, utf8, viewOf } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

const HEADER_BYTES = 10;
const EXTENDED_HEADER = 0x40;

export async function readMp3(reader: Reader): Promise<EmbeddedTexts> {
  const texts: EmbeddedTexts = {};
  const head = await reader.view(0, HEADER_BYTES, "the ID3 tag");
  // An MP3 file may do without a tag.
  if (latin1(new Uint8Array(head.buffer, head.byteOffset, 3)) !== "ID3") return texts;
  const version = head.getUint8(3);
  if (version < 3 || version > 4) return texts;
  const tag = await reader.bytes(HEADER_BYTES, syncsafe(head, 6), "the ID3 tag");
  const view = viewOf(tag);
  let at = 0;
  if ((head.getUint8(5) & EXTENDED_HEADER) !== 0 && tag.length >= 4) {
    at = version === 4 ? syncsafe(view, 0) : 4 + view.getUint32(0);
  }
  // Behind the last frame the tag is filled up with zeros.
  while (at + HEADER_BYTES <= tag.length && tag[at] !== 0) {
    reader.count("ID3 frames");
    const length = version === 4 ? syncsafe(view, at + 4) : view.getUint32(at + 4);
    const start = at + HEADER_BYTES;
    if (start + length > tag.length) throw new MediaError("an ID3 frame goes beyond the end of its tag");
    if (fourCharacters(view, at).startsWith("T")) keepFrame(texts, tag.subarray(start, start + length));
    at = start + length;
  }
  return texts;
}

/** Encoding (some writers leave it out), key, zero, text, perhaps a zero. */
function keepFrame(texts: EmbeddedTexts, frame: Uint8Array): void {
  const encoding = frame[0] ?? 0;
  const text = encoding > 3 ? utf8(frame) : decoded(encoding, frame.subarray(1));
  const zero = text.indexOf("\0");
  if (zero > 0) keep(texts, text.slice(0, zero), text.slice(zero + 1).replace(/^\ufeff|\0+$/g, ""));
}

function decoded(encoding: number, bytes: Uint8Array): string {
  if (encoding !== 1 && encoding !== 2) return utf8(bytes);
  const isBig = encoding === 2 || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return new TextDecoder(isBig ? "utf-16be" : "utf-16le").decode(bytes);
}

/** Four bytes of seven bits. */
function syncsafe(view: DataView, offset: number): number {
  return [0, 1, 2, 3].reduce((sum, index) => sum * 128 + (view.getUint8(offset + index) & 0x7f), 0);
}
