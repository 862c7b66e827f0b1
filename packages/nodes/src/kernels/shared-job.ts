/** One piece of work that several threads do together: its chunks, and the counters that hand them out. */
import { kernelNamed, type KernelName } from "./registry.ts";
import type { KernelArgs } from "./rows/kernel.ts";

export interface SharedJob {
  readonly kernel: KernelName;
  readonly args: KernelArgs;
  readonly rows: number;
  readonly chunks: number;
  /** see the indexes below */
  readonly counters: Int32Array;
}

/** The next chunk that nobody has taken. */
const NEXT = 0;
/** How many chunks are done; the caller sleeps on it. */
export const DONE = 1;
/** Not 0 when a chunk failed. */
export const FAILED = 2;

/** Takes chunks until none is left. Threads that come late find nothing to do. */
export function takeChunks(job: SharedJob): void {
  const { args, rows, chunks, counters } = job;
  const kernel = kernelNamed(job.kernel);
  for (;;) {
    const chunk = Atomics.add(counters, NEXT, 1);
    if (chunk >= chunks) return;
    try {
      kernel(args, Math.floor((rows * chunk) / chunks), Math.floor((rows * (chunk + 1)) / chunks));
    } catch (error) {
      Atomics.store(counters, FAILED, 1);
      throw error;
    } finally {
      Atomics.add(counters, DONE, 1);
      Atomics.notify(counters, DONE);
    }
  }
}
