/** Boxes of ISO media files (MP4, MOV, AVIF). */
import { fourCharacters, type Reader } from "./byte-source.ts";
import { MediaError } from "./errors.ts";

export interface Box {
  readonly type: string;
  /** first byte of the content */
  readonly start: number;
  /** first byte behind the box */
  readonly end: number;
}

/** The boxes between two offsets. @throws MediaError when one does not fit into what holds it */
export async function* boxesIn(reader: Reader, start: number, end: number): AsyncGenerator<Box> {
  for (let at = start; at + 8 <= end;) {
    reader.count("boxes");
    const head = await reader.view(at, 8, "a box");
    const type = fourCharacters(head, 4);
    let length = head.getUint32(0);
    let headBytes = 8;
    // 1: the length follows in eight bytes; 0: the box goes on to the end.
    if (length === 1) {
      const long = (await reader.view(at + 8, 8, `the box ${type}`)).getBigUint64(0);
      length = long > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(long);
      headBytes = 16;
    } else if (length === 0) length = end - at;
    if (length < headBytes || at + length > end) {
      throw new MediaError(`the box ${JSON.stringify(type)} at byte ${at} does not fit into what holds it`);
    }
    yield { type, start: at + headBytes, end: at + length };
    at += length;
  }
}

/** The first box of a type. */
export async function findBox(
  reader: Reader,
  start: number,
  end: number,
  type: string,
): Promise<Box | undefined> {
  for await (const box of boxesIn(reader, start, end)) if (box.type === type) return box;
  return undefined;
}

/** Where the boxes inside of a `meta` box begin: QuickTime leaves out its version. */
export async function metaStart(reader: Reader, meta: Box): Promise<number> {
  if (meta.end - meta.start < 8) return meta.start;
  const head = await reader.view(meta.start, 8, "the box meta");
  return /^[a-z]{4}$/.test(fourCharacters(head, 4)) ? meta.start : meta.start + 4;
}
