/** AVIF: the item of type `Exif`. */
import { fourCharacters, latin1, type Reader, viewOf } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { readExif } from "./exif.ts";
import { type Box, boxesIn, findBox, metaStart } from "./iso-boxes.ts";
import type { EmbeddedTexts } from "./texts.ts";

export async function readAvif(reader: Reader): Promise<EmbeddedTexts> {
  const meta = await findBox(reader, 0, reader.size, "meta");
  if (meta === undefined) return {};
  const start = await metaStart(reader, meta);
  const information = await findBox(reader, start, meta.end, "iinf");
  const locations = await findBox(reader, start, meta.end, "iloc");
  if (information === undefined || locations === undefined) return {};
  const item = await exifItem(reader, information);
  if (item === undefined) return {};
  const bytes = await reader.bytes(locations.start, locations.end - locations.start, "the box iloc");
  const place = new Locations(bytes).of(item);
  if (place === undefined) return {};
  let at = place.offset;
  if (place.construction === 1) {
    const data = await findBox(reader, start, meta.end, "idat");
    if (data === undefined)
      throw new MediaError("the AVIF file places its EXIF in a box idat that is not there");
    at += data.start;
  }
  const data = await reader.bytes(at, place.length, "the AVIF item Exif");
  if (data.length < 4) throw new MediaError("the AVIF item Exif is too short");
  if (/^(II\*\0|MM\0\*)/.test(latin1(data.subarray(0, 4)))) return readExif(data);
  // Before the data stands how far behind itself it begins.
  return readExif(data.subarray(4 + viewOf(data).getUint32(0)));
}

/** The id of the item whose type is `Exif`. */
async function exifItem(reader: Reader, information: Box): Promise<number | undefined> {
  const version = (await reader.view(information.start, 4, "the box iinf")).getUint8(0);
  const first = information.start + (version === 0 ? 6 : 8);
  for await (const entry of boxesIn(reader, first, information.end)) {
    if (entry.type !== "infe" || entry.end - entry.start < 12) continue;
    const view = await reader.view(entry.start, Math.min(14, entry.end - entry.start), "the box infe");
    const isLong = view.getUint8(0) === 3;
    const typeAt = isLong ? 10 : 8;
    if (view.getUint8(0) < 2 || typeAt + 4 > view.byteLength) continue;
    if (fourCharacters(view, typeAt) === "Exif") return isLong ? view.getUint32(4) : view.getUint16(4);
  }
  return undefined;
}

interface Place {
  readonly offset: number;
  readonly length: number;
  /** 0: from the start of the file; 1: inside of the box `idat` */
  readonly construction: number;
}

/** The box `iloc`: fields whose widths it names itself. */
class Locations {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = viewOf(bytes);
  }

  /** Where an item lies; only the first of several parts, since nobody cuts EXIF in pieces. */
  of(wanted: number): Place | undefined {
    this.#at = 0;
    const version = this.#number(1);
    this.#at = 4;
    const sizes = this.#number(2);
    const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
    const indexBytes = version === 0 ? 0 : sizes & 15;
    const items = this.#number(version < 2 ? 2 : 4);
    for (let index = 0; index < items; index += 1) {
      const id = this.#number(version < 2 ? 2 : 4);
      const construction = version === 0 ? 0 : this.#number(2) & 15;
      this.#number(2);
      const base = this.#number(baseBytes);
      const parts = this.#number(2);
      for (let part = 0; part < parts; part += 1) {
        this.#number(indexBytes);
        const offset = base + this.#number(offsetBytes);
        const length = this.#number(lengthBytes);
        if (id === wanted) return { offset, length, construction };
      }
    }
    return undefined;
  }

  #number(bytes: number): number {
    if (this.#at + bytes > this.#view.byteLength) throw new MediaError("the box iloc is cut off");
    let value = 0;
    for (let index = 0; index < bytes; index += 1) {
      value = value * 256 + this.#view.getUint8(this.#at);
      this.#at += 1;
    }
    return value;
  }
}
