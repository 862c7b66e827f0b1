/** Rows as SQLite gives them, and the records made of them. */
import { parseJson } from "@hearth/protocol";
import type { HistoryRow, Job, JobRecord, JobSummary, QueuedJob, Retry, Surface } from "../job.ts";
import type { JobState } from "../states.ts";

export type Row = Record<string, string | number | null>;

export const SUMMARY_COLUMNS =
  "id, prompt_id, state, number_text, attempt, created_at, started_at, ended_at, error, outputs_count, previewable_count, preview_output, workflow_id, quarantined, worker_id, retries, because";
export const RECORD_COLUMNS = `${SUMMARY_COLUMNS}, owner, surface, details, outputs, status, node_times, client_id, CASE state WHEN 'failed' THEN prompt END AS failed_prompt`;
/** All of a job. */
export const JOB_COLUMNS = "jobs.*, (SELECT text FROM needs WHERE needs.id = jobs.needs_id) AS needs";
export const QUEUE_COLUMNS = "id, prompt_id, number_text, prompt, extra_data, outputs_to_execute";

/** The condition of jobs that wait or run: a few among many, found in the indexes of each. */
export const IS_ACTIVE =
  "jobs.id IN (SELECT id FROM jobs WHERE state = 'queued' UNION ALL SELECT id FROM jobs WHERE state = 'running')";

const text = (value: Row[string] | undefined): string => String(value);
export const optional = (value: Row[string] | undefined): string | undefined =>
  value == null ? undefined : String(value);
const time = (value: Row[string] | undefined): number | undefined =>
  value == null ? undefined : Number(value);

export function retriesOf(row: Row): readonly Retry[] {
  if (row["retries"] == null) return [];
  const retries = parseJson(text(row["retries"])) as unknown as readonly Retry[];
  // JSON has no place for what is absent.
  return retries.map((retry) => ({ ...retry, workerId: retry.workerId }));
}

export function queuedJob(row: Row): QueuedJob {
  return {
    id: text(row["id"]),
    promptId: text(row["prompt_id"]),
    number: text(row["number_text"]),
    prompt: text(row["prompt"]),
    extraData: text(row["extra_data"]),
    outputsToExecute: parseJson(text(row["outputs_to_execute"])) as string[],
  };
}

export function historyRow(row: Row): HistoryRow {
  return {
    ...queuedJob(row),
    outputs: text(row["outputs"]),
    status: text(row["status"]),
    meta: text(row["meta"]),
  };
}

export function jobSummary(row: Row): JobSummary {
  return {
    id: text(row["id"]),
    promptId: text(row["prompt_id"]),
    state: text(row["state"]) as JobState,
    number: text(row["number_text"]),
    attempt: Number(row["attempt"]),
    createdAt: Number(row["created_at"]),
    startedAt: time(row["started_at"]),
    endedAt: time(row["ended_at"]),
    error: optional(row["error"]),
    outputsCount: Number(row["outputs_count"]),
    previewableCount: Number(row["previewable_count"]),
    previewOutput: optional(row["preview_output"]),
    workflowId: optional(row["workflow_id"]),
    quarantined: row["quarantined"] === 1,
    workerId: optional(row["worker_id"]),
    retries: retriesOf(row),
    because: optional(row["because"]),
  };
}

/** From `JOB_COLUMNS`. */
export function job(row: Row): Job {
  return {
    ...jobSummary(row),
    prompt: text(row["prompt"]),
    extraData: text(row["extra_data"]),
    outputs: optional(row["outputs"]),
    status: optional(row["status"]),
    meta: optional(row["meta"]),
    clientId: optional(row["client_id"]),
    needs: optional(row["needs"]),
    uncleanStops: Number(row["unclean_stops"]),
    historyDeleted: row["history_deleted"] === 1,
  };
}

export function jobRecord(row: Row): JobRecord {
  return {
    ...jobSummary(row),
    owner: text(row["owner"]),
    surface: text(row["surface"]) as Surface,
    details: optional(row["details"]),
    outputs: optional(row["outputs"]),
    status: optional(row["status"]),
    failedPrompt: optional(row["failed_prompt"]),
    nodeTimes: optional(row["node_times"]),
    clientId: optional(row["client_id"]),
  };
}
