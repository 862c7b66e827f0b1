/** The states of a job in the words of the Control contract. */
import type { JobState } from "@hearth/jobs";

export const STATUSES = [
  "accepted",
  "uploaded",
  "queued",
  "running",
  "completed",
  "cancelled",
  "invalid",
  "failed",
] as const;
export type ControlStatus = (typeof STATUSES)[number];

/** A job that was running when its server died is `failed` here; its cause says what happened. */
export function statusOf(state: JobState): ControlStatus {
  return state === "stalled" ? "failed" : state;
}

export function statesOf(status: ControlStatus): JobState[] {
  return status === "failed" ? ["failed", "stalled"] : [status];
}

export function isStatus(word: string): word is ControlStatus {
  return (STATUSES as readonly string[]).includes(word);
}

/** True for states that never change again. */
export function isTerminal(state: JobState): boolean {
  return !["accepted", "uploaded", "queued", "running"].includes(state);
}
