/**
 * The buffers that bodies arrive in lie outside the heap, and are let go when the young generation is collected. A server
 * that does nothing but receive a large file fills that generation slowly, and 80 MB of spent buffers pile up. So whoever
 * streams a large body says so as it goes, and the young generation is collected every few megabytes: 1 ms each time.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const EVERY_BYTES = 8 * 1024 * 1024;

type Collect = (options: { type: "minor" }) => void;

let collect: Collect | undefined;

function minor(): void {
  if (collect === undefined) {
    // The function is there only in contexts that are made while the flag is set.
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as Collect;
    setFlagsFromString("--no-expose-gc");
  }
  collect({ type: "minor" });
}

/** Counts the bytes of one large body. */
export class SpentBuffers {
  #bytes = 0;

  /** A chunk of so many bytes has been handled. */
  spent(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < EVERY_BYTES) return;
    this.#bytes = 0;
    minor();
  }
}
