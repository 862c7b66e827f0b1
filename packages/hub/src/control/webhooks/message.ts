/** What a webhook says of a workflow. */
import type { JobEvent, JobRecord, JobState } from "@hearth/jobs";
import { detailsOf } from "../details.ts";
import { keptOutputs } from "../outputs.ts";
import { passed } from "../replay.ts";
import type { SignedUrls } from "../signing.ts";
import { type Snapshot, snapshotOf } from "../snapshot.ts";
import { isTerminal, statusOf } from "../status.ts";
import { utc } from "../times.ts";

const STATES: Readonly<Record<string, JobState>> = {
  "job.accepted": "accepted",
  "job.uploaded": "uploaded",
  "job.queued": "queued",
  "job.requeued": "queued",
  "job.started": "running",
  "job.completed": "completed",
  "job.failed": "failed",
  "job.stalled": "stalled",
  "job.cancelled": "cancelled",
  "job.invalid": "invalid",
};

/** The state that an event of a job tells of; `undefined` for other events. */
export function stateTold({ type }: JobEvent): JobState | undefined {
  return STATES[type];
}

interface Payload {
  readonly type: string;
  readonly timestamp: string | null;
  readonly data: { readonly id: string; readonly name: string; readonly tags: readonly string[] } & Snapshot;
}

/** Type of the message of a state. */
export function messageType(state: JobState): string {
  return `workflow.${statusOf(state)}`;
}

/** The message as JSON text; outputs are named without links, which would be too old at a later try. */
export function payloadOf(record: JobRecord, state: JobState, time: number): string {
  const snapshot = isTerminal(state) ? snapshotOf(record, undefined, () => "") : passed(record, state, time);
  const { name, tags } = detailsOf(record);
  const payload: Payload = {
    type: messageType(state),
    timestamp: utc(time),
    data: { id: record.promptId, name, tags, ...snapshot },
  };
  return JSON.stringify(payload);
}

/** The message with fresh links to the outputs; without a record (it was deleted) there are no outputs. */
export function withLinks(payload: string, record: JobRecord | undefined, urls: SignedUrls): string {
  const message = JSON.parse(payload) as Payload;
  if (message.data.outputs.length === 0) return payload;
  const { base } = record === undefined ? { base: "" } : detailsOf(record);
  const outputs = (record === undefined ? [] : keptOutputs(record)).map((output) => ({
    id: output.id,
    workflow_id: message.data.id,
    src: urls.sign(base, message.data.id, output),
  }));
  return JSON.stringify({ ...message, data: { ...message.data, outputs } });
}
