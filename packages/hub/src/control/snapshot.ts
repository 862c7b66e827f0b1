/** What the Control contract shows of a job. */
import type { JobRecord } from "@hearth/jobs";
import { isJsonObject, parseJson, RawJson } from "@hearth/protocol";
import { detailsOf } from "./details.ts";
import { type KeptOutput, keptOutputs } from "./outputs.ts";
import { statusOf } from "./status.ts";
import { utc } from "./times.ts";

export interface OutputLink {
  readonly id: string;
  readonly workflow_id: string;
  readonly src: string;
}

export interface Cause {
  readonly node_type: string;
  readonly exception_type: string;
  readonly exception_message: string;
}

/** One event of a stream: always all of it. */
export interface Snapshot {
  readonly status: string;
  readonly prompt: { readonly prompt_id: string } | null;
  readonly queue_number: number | null;
  readonly outputs: readonly OutputLink[];
  readonly cause: Cause | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/** Gives an output its URL. */
export type Link = (output: KeptOutput) => string;

/** `place`: of a job that waits or runs. */
export function snapshotOf(record: JobRecord, place: number | undefined, link: Link): Snapshot {
  const { state, promptId } = record;
  const wasQueued = !["accepted", "uploaded", "invalid"].includes(state);
  return {
    status: statusOf(state),
    prompt: wasQueued ? { prompt_id: promptId } : null,
    queue_number: placeOf(record, place),
    outputs: state === "completed" ? outputLinks(record, link) : [],
    cause: statusOf(state) === "failed" ? causeOf(record) : null,
    started_at: utc(record.startedAt),
    completed_at: utc(record.endedAt),
  };
}

function placeOf({ state }: JobRecord, place: number | undefined): number | null {
  if (state === "running") return 1;
  return state === "queued" ? (place ?? null) : null;
}

export function outputLinks(record: JobRecord, link: Link): OutputLink[] {
  return keptOutputs(record).map((output) => ({
    id: output.id,
    workflow_id: record.promptId,
    src: link(output),
  }));
}

interface Failure {
  readonly node: string | null;
  readonly cause: Cause;
}

/** What went wrong, from the data of the run's error message, or of what made the job invalid. */
function failureOf({ error }: Pick<JobRecord, "error">): Failure | undefined {
  if (error === undefined) return undefined;
  const data = parseJson(error);
  const told = isJsonObject(data) ? data : {};
  const text = (key: string): string => (typeof told[key] === "string" ? told[key] : "");
  return {
    node: typeof told["node_id"] === "string" ? told["node_id"] : null,
    cause: {
      node_type: text("node_type"),
      exception_type: text("exception_type"),
      exception_message: text("exception_message").trimEnd(),
    },
  };
}

function causeOf(record: JobRecord): Cause {
  const unknown = { node_type: "", exception_type: "Unknown", exception_message: "The run gave no reason." };
  return failureOf(record)?.cause ?? unknown;
}

/** A row of the list, and what creating answers. */
export function summaryOf(record: JobRecord): Record<string, unknown> {
  const { name, tags } = detailsOf(record);
  return {
    id: record.promptId,
    name,
    status: statusOf(record.state),
    tags,
    created_at: utc(record.createdAt),
    updated_at: utc(record.endedAt ?? record.startedAt ?? record.createdAt),
    started_at: utc(record.startedAt),
    completed_at: utc(record.endedAt),
  };
}

/** All of a job. `workflow`: the graph as it was sent, as JSON text. */
export function fullRecord(
  record: JobRecord,
  place: number | undefined,
  workflow: string,
): Record<string, unknown> {
  const failure = failureOf(record);
  const wasQueued = !["accepted", "uploaded", "invalid"].includes(record.state);
  return {
    ...summaryOf(record),
    user_id: record.owner,
    // Jobs run on this server's own workers, which are nobody's registered runner.
    user_runner_id: null,
    managed_runner_id: null,
    workflow_json: new RawJson(workflow),
    workflow_params: detailsOf(record).params,
    prompt_id: wasQueued ? record.promptId : null,
    queue_number: placeOf(record, place),
    error_node: failure?.node ?? null,
    exception_type: failure?.cause.exception_type ?? null,
    exception_message: failure?.cause.exception_message ?? null,
  };
}
