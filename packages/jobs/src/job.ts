/** The record of a job and its views. Texts are JSON as it was accepted or reported, so that nothing is lost. */
import type { JobState } from "./states.ts";

/** What a client asks for, validated. */
export interface NewJob {
  readonly promptId: string;
  readonly prompt: string;
  readonly extraData: string;
  /** never given back by any listing */
  readonly sensitive: string | undefined;
  readonly outputsToExecute: readonly string[];
  /** absent: the counter's next value */
  readonly number: number | undefined;
  /** with the counter's value negated */
  readonly front: boolean;
  readonly clientId: string | undefined;
  readonly owner: string;
  readonly createdAt: number;
  readonly workflowId: string | undefined;
  /** which contract it came through; absent: ComfyUI's */
  readonly surface?: Surface;
  /** JSON text that the surface wants back with the job; the job core does not read it */
  readonly details?: string | undefined;
  /** what a worker must have to run it, as text; the core only tells groups of the same text apart */
  readonly needs?: string | undefined;
}

/** The contract through which a job came. */
export type Surface = "comfy" | "studio" | "control";

/** What makes a prepared job ready to run. */
export interface Ready {
  readonly prompt: string;
  readonly extraData: string;
  readonly outputsToExecute: readonly string[];
  /** absent: as they were */
  readonly details?: string | undefined;
  readonly needs?: string | undefined;
}

/** An attempt that ended without a result, after which the job waited again. */
export interface Retry {
  readonly attempt: number;
  readonly workerId: string | undefined;
  /** class of what went wrong */
  readonly kind: string;
  readonly text: string;
  /** UTC milliseconds */
  readonly at: number;
}

/** The waiting job that would run first of all those of its owner with the same needs. */
export interface QueueHead {
  readonly id: string;
  readonly promptId: string;
  readonly owner: string;
  readonly needs: string | undefined;
  /** the last attempt; 0: none yet */
  readonly attempt: number;
  readonly createdAt: number;
  readonly retries: readonly Retry[];
}

/**
 * Picks one of an owner's heads, which come in the order in which they would run; `undefined`: none of them. `because`
 * is kept with the job and shown. Called inside the transaction: it looks at nothing that changes, and never waits.
 */
export type Choose = (
  heads: readonly QueueHead[],
) => { readonly id: string; readonly because?: string } | undefined;

export interface AcceptedJob {
  readonly id: string;
  readonly promptId: string;
  /** as JSON: an integer from the counter, a float from a client */
  readonly number: string;
  /** false: the same prompt was accepted before under this id and has not ended */
  readonly isNew: boolean;
}

export interface QueuedJob {
  readonly id: string;
  readonly promptId: string;
  readonly number: string;
  readonly prompt: string;
  readonly extraData: string;
  readonly outputsToExecute: readonly string[];
}

export interface ClaimedJob extends QueuedJob {
  readonly owner: string;
  readonly attempt: number;
  readonly clientId: string | undefined;
  readonly sensitive: string | undefined;
  readonly needs: string | undefined;
  readonly retries: readonly Retry[];
}

/** A job that was running when the hub stopped. */
export interface InterruptedJob {
  readonly id: string;
  readonly owner: string;
  readonly promptId: string;
  readonly attempt: number;
  readonly clientId: string | undefined;
  readonly workerId: string | undefined;
}

/** How a job ended. */
export interface Finish {
  readonly state: Extract<JobState, "completed" | "failed" | "cancelled" | "stalled">;
  readonly outputs: string;
  readonly status: string;
  readonly meta: string;
  /** data of the `execution_error` message */
  readonly error: string | undefined;
  readonly nodeTimes: string;
  readonly outputsCount: number;
  readonly previewableCount: number;
  readonly previewOutput: string | undefined;
  /** UTC milliseconds of the run's own messages; the hub's clock where the run has none */
  readonly startedAt: number | undefined;
  readonly endedAt: number;
}

export interface HistoryRow extends QueuedJob {
  readonly outputs: string;
  readonly status: string;
  readonly meta: string;
}

/** A job without its big texts. */
export interface JobSummary {
  readonly id: string;
  readonly promptId: string;
  readonly state: JobState;
  readonly number: string;
  readonly attempt: number;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly error: string | undefined;
  readonly outputsCount: number;
  readonly previewableCount: number;
  readonly previewOutput: string | undefined;
  readonly workflowId: string | undefined;
  readonly quarantined: boolean;
  readonly workerId: string | undefined;
  readonly retries: readonly Retry[];
  /** why that worker got it */
  readonly because: string | undefined;
}

export interface Job extends JobSummary {
  readonly prompt: string;
  readonly extraData: string;
  readonly outputs: string | undefined;
  readonly status: string | undefined;
  readonly meta: string | undefined;
  readonly clientId: string | undefined;
  readonly needs: string | undefined;
  readonly uncleanStops: number;
  /** a client took it out of history */
  readonly historyDeleted: boolean;
}

/** A job as Studio and Control list it. */
export interface JobRecord extends JobSummary {
  readonly owner: string;
  readonly surface: Surface;
  readonly details: string | undefined;
  readonly outputs: string | undefined;
  readonly status: string | undefined;
  /** the prompt of a failed job, which has the titles of its nodes; other jobs have it in `Job` */
  readonly failedPrompt: string | undefined;
  /** JSON text: milliseconds by node id */
  readonly nodeTimes: string | undefined;
  readonly clientId: string | undefined;
}
