/** Entries of the event log. */

export type Severity = "info" | "success" | "warning" | "error";

export interface NewEvent {
  /** words with dots: `job.queued`, `system.updated` */
  readonly type: string;
  /** a JSON object */
  readonly data: object;
  readonly jobId?: string | undefined;
  /** absent for what the job core writes itself: the type says it */
  readonly severity?: Severity | undefined;
  /** a sentence for people; absent likewise */
  readonly message?: string | undefined;
}

/** An entry of the event log. */
export interface JobEvent {
  readonly seq: number;
  /** UTC milliseconds */
  readonly time: number;
  readonly type: string;
  readonly jobId: string | undefined;
  /** JSON text */
  readonly data: string;
  readonly severity: Severity | undefined;
  readonly message: string | undefined;
}

/** The newest entries of some types. */
export interface EventFilter {
  /** absent: all */
  readonly types?: readonly string[] | undefined;
  readonly limit: number;
}
