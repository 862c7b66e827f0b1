/** Reading parts of a file, so that the workflow of a long video is found without reading the video. */
import { MediaError } from "./errors.ts";

/** A file, or bytes in memory. */
export interface ByteSource {
  /** in bytes */
  readonly size: number;
  /** Up to `length` bytes from `offset`; fewer only where the file ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The longest text that is read from one place of a file: far more than any workflow, far less than memory. */
export const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** Chunks, boxes, pages or elements that are looked at before a file counts as hostile. */
export const MAX_PARTS = 1_000_000;

/** So much is read at once; most parts are found in what is there already. */
const WINDOW = 64 * 1024;

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** Exact reads from a source, a window at a time, that say what is missing where a file is cut off. */
export class Reader {
  readonly size: number;
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;
  #parts = 0;

  constructor(source: ByteSource) {
    this.#source = source;
    this.size = source.size;
  }

  /** @throws MediaError when the file ends before, or when the part is longer than any workflow */
  async bytes(offset: number, length: number, what: string): Promise<Uint8Array> {
    if (length > MAX_TEXT_BYTES) {
      throw new MediaError(
        `${what} at byte ${offset} is ${length} bytes long; at most ${MAX_TEXT_BYTES} are read`,
      );
    }
    if (!Number.isSafeInteger(offset) || offset + length > this.size) {
      throw new MediaError(`${what} at byte ${offset} goes beyond the end of the file (${this.size} bytes)`);
    }
    if (offset < this.#start || offset + length > this.#start + this.#window.length) {
      this.#window = await this.#source.read(offset, Math.max(length, Math.min(WINDOW, this.size - offset)));
      this.#start = offset;
      if (this.#window.length < length) throw new MediaError(`${what} at byte ${offset} could not be read`);
    }
    const from = offset - this.#start;
    return this.#window.subarray(from, from + length);
  }

  async view(offset: number, length: number, what: string): Promise<DataView> {
    return viewOf(await this.bytes(offset, length, what));
  }

  /** Counts one more part. @throws MediaError when there are too many */
  count(what: string): void {
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw new MediaError(`more than ${MAX_PARTS} ${what}`);
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const UTF8 = new TextDecoder();

export function utf8(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/** One character per byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** Four characters that name a chunk or box. */
export function fourCharacters(view: DataView, offset: number): string {
  return latin1(new Uint8Array(view.buffer, view.byteOffset + offset, 4));
}
