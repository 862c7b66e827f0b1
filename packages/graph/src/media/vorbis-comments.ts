/** Vorbis comments, as FLAC, Ogg Vorbis and Opus keep them: `KEY=text`. */
import { latin1, viewOf } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

/**
 * @param data from the length of the vendor's name on
 *
 * Texts are read a byte at a time, as the editor does: it garbles what is not ASCII. ComfyUI escapes such characters.
 */
export function readVorbisComments(data: Uint8Array): EmbeddedTexts {
  const view = viewOf(data);
  const texts: EmbeddedTexts = {};
  let at = 0;
  const number = (): number => {
    if (at + 4 > data.length) throw new MediaError("the Vorbis comments are cut off");
    at += 4;
    return view.getUint32(at - 4, true);
  };
  const vendor = number();
  at += vendor;
  const comments = number();
  for (let index = 0; index < comments; index += 1) {
    const length = number();
    if (at + length > data.length) throw new MediaError("a Vorbis comment goes beyond the end of its block");
    const text = latin1(data.subarray(at, at + length));
    const equals = text.indexOf("=");
    if (equals > 0) keep(texts, text.slice(0, equals), text.slice(equals + 1));
    at += length;
  }
  return texts;
}
