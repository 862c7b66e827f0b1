/** WebP: the RIFF chunk `EXIF`. */
import { fourCharacters, type Reader } from "./byte-source.ts";
import { readExif } from "./exif.ts";
import type { EmbeddedTexts } from "./texts.ts";

const HEADER_BYTES = 12;

export async function readWebp(reader: Reader): Promise<EmbeddedTexts> {
  for (let at = HEADER_BYTES; at + 8 <= reader.size;) {
    reader.count("WebP chunks");
    const head = await reader.view(at, 8, "a WebP chunk");
    const length = head.getUint32(4, true);
    if (fourCharacters(head, 0) === "EXIF") {
      return readExif(await reader.bytes(at + 8, length, "the WebP chunk EXIF"));
    }
    // Chunks of odd length are filled up with one byte.
    at += 8 + length + (length % 2);
  }
  return {};
}
