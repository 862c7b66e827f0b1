/** What is tried again, and how often: one row per class of error. What was tried is kept with the job and shown. */
import type { Retry } from "@hearth/jobs";
import type { AttemptFailure, JsonObject, RunMessage } from "@hearth/protocol";
import { workerNameOf } from "./worker-name.ts";

export type RetryKind = AttemptFailure["kind"] | "worker-died" | "worker-left" | "idle" | "out-of-memory";

export interface RetryRule {
  /** attempts of a job that may end like this and be followed by another */
  readonly most: number;
  /** the worker died with it, or may have: the second such stop in a row ends in quarantine */
  readonly isStop: boolean;
  /** never again on the worker that said so */
  readonly elsewhere: boolean;
}

export const RETRY_RULES: Readonly<Record<RetryKind, RetryRule>> = {
  // Quarantine bounds these three.
  "worker-died": { most: Number.POSITIVE_INFINITY, isStop: true, elsewhere: false },
  lost: { most: Number.POSITIVE_INFINITY, isStop: true, elsewhere: false },
  idle: { most: Number.POSITIVE_INFINITY, isStop: true, elsewhere: false },
  // Somebody ended it: no fault of the job.
  "worker-left": { most: Number.POSITIVE_INFINITY, isStop: false, elsewhere: false },
  // Nothing ran. Its worker gets no other job until the ComfyUI answers again.
  unreachable: { most: 20, isStop: false, elsewhere: false },
  // As many as there are workers: each is asked once.
  refused: { most: Number.POSITIVE_INFINITY, isStop: false, elsewhere: true },
  files: { most: 2, isStop: false, elsewhere: false },
  // After memory was freed.
  "out-of-memory": { most: 1, isStop: false, elsewhere: false },
};

/** True when a job with these retries may be tried again after one more end of this kind. */
export function mayRetry(retries: readonly Retry[], kind: RetryKind): boolean {
  return retries.filter((retry) => retry.kind === kind).length < RETRY_RULES[kind].most;
}

/** Names of the workers that would not run this very job, and of the worker `also`, which says so now. */
export function refusedBy(retries: readonly Retry[], also?: string): ReadonlySet<string> {
  const ids = retries.flatMap(({ kind, workerId }) => (kind === "refused" ? [workerId] : []));
  return new Set([...ids, also].flatMap((id) => (id === undefined ? [] : [workerNameOf(id)])));
}

const OUT_OF_MEMORY_TYPES = /(^|\.)(OutOfMemoryError|MemoryError|OOM_EXCEPTION)$/;
const OUT_OF_MEMORY_TEXT = /\bout of memory\b|Allocation on device/i;

/** True for an `execution_error` that says that memory ran out, in torch's words or Python's. */
export function isOutOfMemory(message: RunMessage): boolean {
  if (message.kind !== "json" || message.type !== "execution_error") return false;
  const { exception_type, exception_message } = message.data as JsonObject;
  return (
    OUT_OF_MEMORY_TYPES.test(String(exception_type)) || OUT_OF_MEMORY_TEXT.test(String(exception_message))
  );
}
