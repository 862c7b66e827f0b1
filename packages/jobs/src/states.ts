/**
 * The state machine of a job.
 *
 *   accepted ─► (uploaded) ─► queued ─► running ─► completed
 *       │                       │  ▲       │  └──► failed
 *       └─► invalid             │  └───────┤ worker lost: queued again, or
 *                               ▼          ▼
 *                           cancelled   stalled (also what was queued, where the policy is to stall all)
 */
import { IllegalTransitionError } from "./errors.ts";

export type JobState =
  | "accepted"
  | "uploaded"
  | "queued"
  | "running"
  | "completed"
  | "failed"
  | "cancelled"
  | "stalled"
  | "invalid";

const NEXT: Readonly<Record<JobState, readonly JobState[]>> = {
  accepted: ["uploaded", "queued", "invalid", "cancelled"],
  uploaded: ["queued", "invalid", "cancelled"],
  queued: ["running", "cancelled", "stalled"],
  running: ["completed", "failed", "cancelled", "stalled", "queued"],
  completed: [],
  failed: [],
  cancelled: [],
  stalled: [],
  invalid: [],
};

/** @throws IllegalTransitionError when the machine has no such arrow */
export function assertTransition(from: JobState, to: JobState): void {
  if (!NEXT[from].includes(to)) throw new IllegalTransitionError(from, to);
}
