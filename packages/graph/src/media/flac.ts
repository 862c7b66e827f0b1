/** FLAC: the metadata block of Vorbis comments. */
import type { Reader } from "./byte-source.ts";
import type { EmbeddedTexts } from "./texts.ts";
import { readVorbisComments } from "./vorbis-comments.ts";

const SIGNATURE_BYTES = 4;
const COMMENTS = 4;

export async function readFlac(reader: Reader): Promise<EmbeddedTexts> {
  for (let at = SIGNATURE_BYTES; at < reader.size;) {
    reader.count("FLAC metadata blocks");
    const head = (await reader.view(at, 4, "a FLAC metadata block")).getUint32(0);
    const length = head & 0xff_ffff;
    if (((head >>> 24) & 0x7f) === COMMENTS) {
      return readVorbisComments(await reader.bytes(at + 4, length, "the FLAC comments"));
    }
    if (head >>> 31 === 1) break;
    at += 4 + length;
  }
  return {};
}
