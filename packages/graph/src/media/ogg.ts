/** Ogg (Opus and Vorbis): the second packet of the stream, which holds the comments. */
import { fourCharacters, latin1, MAX_TEXT_BYTES, type Reader } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import type { EmbeddedTexts } from "./texts.ts";
import { readVorbisComments } from "./vorbis-comments.ts";

const PAGE_HEADER_BYTES = 27;
/** A lace of this length goes on in the next one. */
const FULL_LACE = 255;

export async function readOgg(reader: Reader): Promise<EmbeddedTexts> {
  const packet = await secondPacket(reader);
  if (latin1(packet.subarray(0, 8)) === "OpusTags") return readVorbisComments(packet.subarray(8));
  if (latin1(packet.subarray(0, 7)) === "\u0003vorbis") return readVorbisComments(packet.subarray(7));
  return {};
}

/** A packet may go over many pages; a long workflow does. */
async function secondPacket(reader: Reader): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let packet = 0;
  let total = 0;
  for (let at = 0; at < reader.size;) {
    reader.count("Ogg pages");
    const head = await reader.view(at, PAGE_HEADER_BYTES, "an Ogg page");
    if (fourCharacters(head, 0) !== "OggS") throw new MediaError(`there is no Ogg page at byte ${at}`);
    const laces = [...(await reader.bytes(at + PAGE_HEADER_BYTES, head.getUint8(26), "an Ogg page"))];
    at += PAGE_HEADER_BYTES + laces.length;
    for (const lace of laces) {
      if (packet === 1) {
        parts.push((await reader.bytes(at, lace, "an Ogg packet")).slice());
        total += lace;
        if (total > MAX_TEXT_BYTES)
          throw new MediaError(`the Ogg comments are longer than ${MAX_TEXT_BYTES} bytes`);
      }
      at += lace;
      if (lace === FULL_LACE) continue;
      if (packet === 1) return Buffer.concat(parts);
      packet += 1;
    }
  }
  throw new MediaError("the Ogg file ends before its comments do");
}
