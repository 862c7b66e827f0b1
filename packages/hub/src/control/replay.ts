/** What a workflow went through since an event, for a client that lost its stream. */
import type { JobRecord, JobState, JobStore } from "@hearth/jobs";
import type { Snapshot } from "./snapshot.ts";
import { isTerminal, statusOf } from "./status.ts";
import { utc } from "./times.ts";

/** Who was away for longer gets the present alone. */
const MOST_EVENTS = 5000;

const STATES: Readonly<Record<string, JobState>> = {
  "job.accepted": "accepted",
  "job.uploaded": "uploaded",
  "job.queued": "queued",
  "job.started": "running",
  "job.requeued": "queued",
};

export interface Missed {
  readonly seq: number;
  readonly snapshot: Snapshot;
}

/**
 * Snapshots of the states that `record` passed after event `seq` and that are over now, oldest first; places in the
 * queue are not known any more. `hasNews` is false when nothing at all happened to it since.
 */
export async function missedSince(
  store: Pick<JobStore, "events">,
  record: JobRecord,
  seq: number,
): Promise<{ missed: Missed[]; hasNews: boolean }> {
  const events = await store.events(seq, MOST_EVENTS);
  if (events.length === MOST_EVENTS) return { missed: [], hasNews: true };
  const own = events.filter((event) => event.jobId === record.id && event.type.startsWith("job."));
  const missed: Missed[] = [];
  for (const event of own) {
    const state = STATES[event.type];
    if (state !== undefined) missed.push({ seq: event.seq, snapshot: passed(record, state, event.time) });
  }
  // The last of them is the present, unless the job has ended.
  return { missed: isTerminal(record.state) ? missed : missed.slice(0, -1), hasNews: own.length > 0 };
}

/** A state that is over, as it looked. */
export function passed(record: JobRecord, state: JobState, time: number): Snapshot {
  const isPrepared = state === "queued" || state === "running";
  return {
    status: statusOf(state),
    prompt: isPrepared ? { prompt_id: record.promptId } : null,
    queue_number: state === "running" ? 1 : null,
    outputs: [],
    cause: null,
    started_at: state === "running" ? utc(time) : null,
    completed_at: null,
  };
}
