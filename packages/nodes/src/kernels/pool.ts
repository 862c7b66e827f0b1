/**
 * Runs row kernels on all cores. The caller works too and sleeps only for chunks that others are still at, so a
 * thread that is slow to start or to wake costs nothing but its help. Chunks are handed out by an atomic counter.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type ArgsOf, kernelNamed, type KernelName } from "./registry.ts";
import type { KernelArgs } from "./rows/kernel.ts";
import { DONE, FAILED, type SharedJob, takeChunks } from "./shared-job.ts";

/** Below this many output values, waking a thread costs more than it saves. */
const WORTH_SHARING = 1 << 17;
/** Chunks per thread: more even out unequal speeds, fewer share more lines inside a chunk. */
const CHUNKS_PER_THREAD = 6;
/** Typed arrays up to this length are copied to a thread; larger ones must be shared. */
const COPY_LIMIT = 1 << 17;

class KernelPool {
  readonly #size: number;
  #threads: Worker[] | undefined;

  constructor(size: number) {
    this.#size = size;
  }

  run(kernel: KernelName, args: KernelArgs, rows: number): void {
    if (this.#size < 2 || rows < 2 || !isWorthSharing(args)) {
      kernelNamed(kernel)(args, 0, rows);
      return;
    }
    const chunks = Math.min(rows, this.#size * CHUNKS_PER_THREAD);
    const counters = new Int32Array(new SharedArrayBuffer(12));
    const job: SharedJob = { kernel, args, rows, chunks, counters };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    for (const thread of this.#started()) thread.postMessage(job);
    takeChunks(job);
    for (;;) {
      const done = Atomics.load(counters, DONE);
      if (done >= chunks) break;
      Atomics.wait(counters, DONE, done);
    }
    if (Atomics.load(counters, FAILED) !== 0)
      throw new Error(`the kernel ${kernel} failed on a kernel thread`);
  }

  #started(): readonly Worker[] {
    this.#threads ??= Array.from({ length: this.#size - 1 }, () => {
      const thread = new Worker(new URL("./kernel-thread.ts", import.meta.url), {
        execArgv: [],
        name: "kernel",
      });
      thread.unref();
      // A thread that cannot start leaves all chunks to the others; forget it, so that the next job may try again.
      thread.on("error", () => this.#threads?.splice(0, this.#threads.length, ...this.#without(thread)));
      return thread;
    });
    return this.#threads;
  }

  #without(thread: Worker): Worker[] {
    return (this.#threads ?? []).filter((other) => other !== thread);
  }
}

function isWorthSharing(args: KernelArgs): boolean {
  const out = args["out"];
  if (!(out instanceof Float32Array) || out.length < WORTH_SHARING || !isShared(out)) return false;
  return Object.values(args).every(
    (value) => !ArrayBuffer.isView(value) || isShared(value) || value.length <= COPY_LIMIT,
  );
}

function isShared(array: Float32Array | Float64Array | Int32Array): boolean {
  return array.buffer instanceof SharedArrayBuffer;
}

const pool = new KernelPool(availableParallelism());

/** Fills all `rows` rows of `args.out`; blocks until they are done. Threads start at the first large job. */
export function runRows<N extends KernelName>(kernel: N, args: ArgsOf<N>, rows: number): void {
  pool.run(kernel, args as KernelArgs, rows);
}
