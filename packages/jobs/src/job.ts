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
}

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
}

export interface Job extends JobSummary {
  readonly prompt: string;
  readonly extraData: string;
  readonly outputs: string | undefined;
  readonly status: string | undefined;
  readonly meta: string | undefined;
  readonly clientId: string | undefined;
  readonly workerId: string | undefined;
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
