/** What Studio adds to the events of jobs, in the transaction that writes them. */
import type { EventWords, WordEvent } from "@hearth/jobs";
import { errorText } from "../studio/error-text.ts";
import { NO_DETAILS, readJobDetails } from "../studio/job-details.ts";

/** Give it to the store as `wordEvent`. */
export const wordJobEvent: WordEvent = (type, job): EventWords => {
  const { workflow_id, retry_of } = job.surface === "studio" ? readJobDetails(job.details) : NO_DETAILS;
  const data: Record<string, unknown> = { workflow_id };
  if (type === "job.completed" || type === "job.failed")
    data["duration"] = seconds(job.startedAt, job.endedAt);
  if (type === "job.failed" && job.error !== undefined) data["error"] = errorText(job.error, job.prompt);
  if (type !== "job.queued" || retry_of === null) return { data };
  // Who follows the queue must miss nothing; who follows retries finds both ids in one event.
  const retried = { type: "job.retried", data: { prompt_id: job.promptId, retry_of, workflow_id } };
  return { data: { ...data, retry_of }, following: [retried] };
};

/** Whole seconds between two times in milliseconds. */
function seconds(from: number | undefined, to: number | undefined): number | null {
  return from === undefined || to === undefined ? null : Math.max(0, Math.round((to - from) / 1000));
}
