/** WebM and Matroska: tags with a name and a text. */
import type { Reader } from "./byte-source.ts";
import { utf8 } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

const SIMPLE_TAG = 0x67c8;
const TAG_NAME = 0x45a3;
const TAG_STRING = 0x4487;
/** Elements that are entered; what is inside follows as if it stood beside them. Segment, Tags, Tag, SimpleTag. */
const ENTERED = new Set([0x18538067, 0x1254c367, 0x7373, SIMPLE_TAG]);
/** Id (4) and length (8). */
const LONGEST_HEAD = 12;
/** Nobody names a tag like this; so long names are passed over. */
const LONGEST_NAME = 1024;

export async function readWebm(reader: Reader): Promise<EmbeddedTexts> {
  const texts: EmbeddedTexts = {};
  let name = "";
  for (let at = 0; at < reader.size;) {
    reader.count("EBML elements");
    const head = await reader.view(at, Math.min(LONGEST_HEAD, reader.size - at), "an EBML element");
    const id = variableNumber(head, 0, at, true);
    const length = variableNumber(head, id.bytes, at, false);
    const start = at + id.bytes + length.bytes;
    at = start;
    if (id.value === SIMPLE_TAG) name = "";
    // An element of unknown length (a live stream's) is entered too: its end is nowhere written.
    if (ENTERED.has(id.value) || length.value === undefined) continue;
    if (id.value === TAG_NAME && length.value <= LONGEST_NAME) {
      name = utf8(await reader.bytes(start, length.value, "the name of a tag")).replace(/\0+$/, "");
    } else if (id.value === TAG_STRING && /^(workflow|prompt)$/i.test(name)) {
      keep(
        texts,
        name,
        utf8(await reader.bytes(start, length.value, "the text of a tag")).replace(/\0+$/, ""),
      );
    }
    at = start + length.value;
  }
  return texts;
}

/** A number whose first byte says how long it is. @param isId keeps the marker bit; all ones is unknown, but no id is */
function variableNumber(
  view: DataView,
  offset: number,
  place: number,
  isId: true,
): { value: number; bytes: number };
function variableNumber(
  view: DataView,
  offset: number,
  place: number,
  isId: false,
): { value: number | undefined; bytes: number };
function variableNumber(
  view: DataView,
  offset: number,
  place: number,
  isId: boolean,
): { value: number | undefined; bytes: number } {
  const first = offset < view.byteLength ? view.getUint8(offset) : 0;
  const bytes = Math.clz32(first) - 23;
  if (first === 0 || bytes > (isId ? 4 : 8) || offset + bytes > view.byteLength) {
    throw new MediaError(`there is no EBML element at byte ${place}`);
  }
  let value = isId ? first : first & (0xff >> bytes);
  let isUnknown = !isId && value === 0xff >> bytes;
  for (let index = 1; index < bytes; index += 1) {
    const byte = view.getUint8(offset + index);
    isUnknown &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value: isUnknown ? undefined : value, bytes };
}
