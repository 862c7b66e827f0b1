/** What the Control contract keeps with a job, as JSON text in the job's details. */
import type { JobRecord } from "@hearth/jobs";

/** A file that came with a request. */
export interface ControlFile {
  /** the placeholder that it stands for, without `$` */
  readonly placeholder: string;
  /** as the client named it */
  readonly name: string;
  /** where it lies once it is stored, relative to the input folder */
  readonly file: string;
  /** its name in the same folder while it is not stored yet */
  readonly arrived: string;
  /** bytes */
  readonly size: number;
  /** `blake3:` and 64 hex digits */
  readonly hash: string;
}

/** Where a job's own webhook goes, and which types of events it wants. */
export interface JobWebhook {
  readonly url: string;
  readonly events: readonly string[];
}

export interface ControlDetails {
  readonly name: string;
  readonly tags: readonly string[];
  /** the values that the client sent, by `$name` or `#name`; of a file its name */
  readonly params: readonly { readonly key: string; readonly value: string }[];
  readonly files: readonly ControlFile[];
  /** how the client reached this server: links in webhooks begin with it */
  readonly base: string;
  readonly webhook: JobWebhook | undefined;
}

export function printDetails(details: ControlDetails): string {
  return JSON.stringify(details);
}

/** The details of a job; what came through another contract has only a name. */
export function detailsOf(record: Pick<JobRecord, "surface" | "details" | "promptId">): ControlDetails {
  if (record.surface === "control" && record.details !== undefined) {
    return JSON.parse(record.details) as ControlDetails;
  }
  return { name: record.promptId, tags: [], params: [], files: [], base: "", webhook: undefined };
}
