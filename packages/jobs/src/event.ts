/** Entries of the event log. */
import type { Surface } from "./job.ts";

export type Severity = "info" | "success" | "warning" | "error";

export interface NewEvent {
  /** words with dots: `job.queued`, `system.updated` */
  readonly type: string;
  /** a JSON object */
  readonly data: object;
  readonly jobId?: string | undefined;
  /** whose job it is about; absent: nobody's in particular */
  readonly owner?: string | undefined;
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
  readonly owner: string | undefined;
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

/** A job at the moment of an event. */
export interface EventJob {
  readonly promptId: string;
  readonly surface: Surface;
  readonly details: string | undefined;
  /** UTC milliseconds */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** data of the `execution_error` message, of a failed job */
  readonly error: string | undefined;
  /** reads the prompt's JSON text */
  readonly prompt: () => string;
}

/** What the surfaces add to an event of a job: fields of its data, and events of theirs right after it. */
export interface EventWords {
  readonly data: object;
  readonly following?: readonly NewEvent[];
}

/** Called inside the transaction of the event, so it must be quick and may not throw. */
export type WordEvent = (type: string, job: EventJob) => EventWords;
