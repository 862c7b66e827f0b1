/** A job as Studio shows it. */
import type { JobRecord, JobState } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson } from "@hearth/protocol";
import { filesShown, type OutputItem } from "../../progress/node-outputs.ts";
import { errorText } from "../../studio/error-text.ts";
import { NO_DETAILS, readJobDetails, type StudioJobDetails } from "../../studio/job-details.ts";
import { localTime } from "./local-time.ts";

export type StudioStatus = "queued" | "running" | "completed" | "error" | "stalled";

const STATUS: Readonly<Partial<Record<JobState, StudioStatus>>> = {
  queued: "queued",
  running: "running",
  completed: "completed",
  failed: "error",
  cancelled: "error",
  stalled: "stalled",
  invalid: "error",
};

/** States that the queue shows. */
export const ACTIVE: readonly JobState[] = ["running", "queued"];
/** States that the history shows. */
export const ENDED: readonly JobState[] = ["completed", "failed", "cancelled", "stalled"];

/** The word for a state; jobs of Control that are not queued yet count as queued. */
export function statusOf(state: JobState): StudioStatus {
  return STATUS[state] ?? "queued";
}

/** The states behind a word. */
export function statesOf(status: string): JobState[] {
  return [...ACTIVE, ...ENDED].filter((state) => STATUS[state] === status);
}

export interface OutputFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
}

/** Jobs of the other contracts have no details of this kind. */
export function detailsOf(job: Pick<JobRecord, "surface" | "details">): StudioJobDetails {
  return job.surface === "studio" ? readJobDetails(job.details) : NO_DETAILS;
}

/** The record of a job, all keys always there; `retry_of` and `outputs` only where they say something. */
export function studioRecord(job: JobRecord, zone?: string): JsonObject {
  const details = detailsOf(job);
  const time = (ms: number | undefined): string | null => (ms === undefined ? null : localTime(ms, zone));
  // Nobody knows when a stalled job stopped: what is stored is when that was found out.
  const endedAt = job.state === "stalled" ? undefined : job.endedAt;
  const files = shownFiles(job.outputs);
  return {
    prompt_id: job.promptId,
    workflow_id: details.workflow_id,
    workflow_name: details.workflow_name,
    output_dir: details.output_dir,
    status: statusOf(job.state),
    queued_at: time(job.createdAt),
    started_at: time(job.startedAt),
    finished_at: time(endedAt),
    duration: durationOf(job.startedAt, endedAt),
    input_image: details.input_image,
    params: details.params,
    seeds: details.seeds,
    output: files[0] === undefined ? null : asFile(files[0]),
    error: errorOf(job),
    ...(details.retry_of === null ? {} : { retry_of: details.retry_of }),
    ...(files.length > 1 ? { outputs: files.map(asFile) } : {}),
  };
}

/** What a record has when it is asked for alone. */
export function studioRecordDetail(job: JobRecord, zone?: string): JsonObject {
  return {
    ...studioRecord(job, zone),
    owner: job.owner,
    surface: job.surface,
    number: Number(job.number),
    attempt: job.attempt,
    node_times: job.nodeTimes === undefined ? {} : objectIn(job.nodeTimes),
  };
}

/** Whole seconds; null until the job has ended. */
function durationOf(startedAt: number | undefined, endedAt: number | undefined): number | null {
  if (endedAt === undefined) return null;
  return startedAt === undefined ? 0 : Math.max(0, Math.round((endedAt - startedAt) / 1000));
}

function errorOf(job: JobRecord): string | null {
  if (job.state === "cancelled") return job.startedAt === undefined ? "Cancelled" : "Interrupted";
  if (job.state !== "failed" && job.state !== "invalid") return null;
  return job.error === undefined ? "Failed" : errorText(job.error, () => job.failedPrompt);
}

/** The files to show, the best first: kept videos, kept pictures, other kept files, then previews. */
export function shownFiles(outputs: string | undefined): OutputItem[] {
  if (outputs === undefined) return [];
  return Object.values(objectIn(outputs))
    .flatMap((output) => (isJsonObject(output) ? filesShown(output) : []))
    .filter((file) => file.type !== "input" && !folders(file).includes("intermediate"))
    .map((file, index) => ({ file, index, rank: rank(file) }))
    .toSorted((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ file }) => file);
}

function rank(file: OutputItem): number {
  const isPreview = file.type === "temp" || folders(file).includes("preview");
  const byMedia = ["video", "image"].indexOf(file.media);
  return (isPreview ? 10 : 0) + (byMedia < 0 ? 2 : byMedia);
}

function folders({ subfolder }: OutputItem): string[] {
  return subfolder.split(/[/\\]/);
}

function asFile({ filename, subfolder, type }: OutputItem): JsonObject {
  return { filename, subfolder, type };
}

export function objectIn(text: string): JsonObject {
  const value = parseJson(text);
  return isJsonObject(value) ? value : {};
}
