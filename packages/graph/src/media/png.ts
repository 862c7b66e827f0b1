/** PNG: text chunks `tEXt` and `iTXt`, and the private `comf` that animated ones carry. */
import { fourCharacters, type Reader, utf8 } from "./byte-source.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

const SIGNATURE_BYTES = 8;
/** length, type, checksum */
const FRAME_BYTES = 12;
const LONGEST_KEYWORD = 80;

/** Compressed texts are passed over, as the editor does; so nothing here can unfold to more than it is. */
export async function readPng(reader: Reader): Promise<EmbeddedTexts> {
  const texts: EmbeddedTexts = {};
  for (let at = SIGNATURE_BYTES; at + 8 <= reader.size;) {
    reader.count("PNG chunks");
    const head = await reader.view(at, 8, "a PNG chunk");
    const length = head.getUint32(0);
    const type = fourCharacters(head, 4);
    if (type === "IEND") break;
    if (type === "tEXt" || type === "comf" || type === "iTXt") {
      const data = await reader.bytes(at + 8, length, `the PNG chunk ${type}`);
      const end = data.subarray(0, LONGEST_KEYWORD).indexOf(0);
      if (end > 0) {
        const text = type === "iTXt" ? internationalText(data, end + 1) : data.subarray(end + 1);
        if (text !== undefined) keep(texts, utf8(data.subarray(0, end)), utf8(text));
      }
    }
    at += FRAME_BYTES + length;
  }
  return texts;
}

/** Behind the keyword: compression flag and method, language, translated keyword, text. */
function internationalText(data: Uint8Array, start: number): Uint8Array | undefined {
  if (data[start] !== 0) return undefined;
  const language = data.indexOf(0, start + 2);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  return translated < 0 ? undefined : data.subarray(translated + 1);
}
