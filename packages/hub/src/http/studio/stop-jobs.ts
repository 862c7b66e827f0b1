/** Stopping jobs: what waits leaves the queue, what runs is interrupted. */
import type { JobRecord } from "@hearth/jobs";
import type { StudioJobParts } from "./job-parts.ts";

type StopParts = Pick<StudioJobParts, "store" | "dispatcher" | "queue" | "sockets">;

/** Gives the prompt ids of those that were active, each once, in the order given. Running ones end soon after. */
export async function stopJobs(
  parts: StopParts,
  promptIds: readonly string[],
  owner: string | undefined,
): Promise<string[]> {
  const stopped: string[] = [];
  for (const promptId of new Set(promptIds)) {
    const job = await parts.store.recordByPromptId(promptId, owner);
    if (job !== undefined && (await stopJob(parts, job))) stopped.push(promptId);
  }
  if (stopped.length > 0) parts.sockets().broadcastStatus();
  return stopped;
}

/** False when the job is not active. */
async function stopJob({ store, dispatcher, queue }: StopParts, job: JobRecord): Promise<boolean> {
  if (job.state === "accepted" || job.state === "uploaded") return store.cancelPreparing(job.id);
  if (job.state !== "queued" && job.state !== "running") return false;
  const removed = await store.cancel([job.promptId], job.owner);
  queue.removed(removed);
  // It may have begun between the question and this.
  return removed > 0 || dispatcher.interrupt({ promptId: job.promptId, owner: job.owner });
}

/** Waits until the job is active no more; false when it still is after `timeoutMs`. */
export async function whenEnded(
  { store }: Pick<StudioJobParts, "store">,
  jobId: string,
  timeoutMs: number,
): Promise<boolean> {
  const hasEnded = async (): Promise<boolean> => {
    const state = (await store.get(jobId))?.state;
    return state !== "running" && state !== "queued" && state !== "accepted" && state !== "uploaded";
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  let changed = Promise.withResolvers<void>();
  const stopListening = store.onChange(() => changed.resolve());
  const timer = setTimeout(resolve, timeoutMs);
  let isLate = false;
  void promise.then(() => {
    isLate = true;
    changed.resolve();
  });
  try {
    for (;;) {
      changed = Promise.withResolvers<void>();
      if (await hasEnded()) return true;
      if (isLate) return false;
      await changed.promise;
    }
  } finally {
    clearTimeout(timer);
    stopListening();
  }
}
