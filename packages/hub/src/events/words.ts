/** What an event says to people: a severity and a sentence, from its type and data. */
import type { Severity } from "@hearth/jobs";
import { type JsonObject, printJson } from "@hearth/protocol";

export interface Description {
  readonly severity: Severity;
  readonly message: string;
}

type Words = readonly [severity: Severity | ((data: JsonObject) => Severity), (data: JsonObject) => string];

const WORDS: Readonly<Record<string, Words>> = {
  "system.backend.started": ["info", () => "Backend started"],
  "system.updated": ["success", (data) => `Updated: ${list(data["components"]) || "nothing"}`],
  "system.migration": ["info", () => "Data migrated"],
  "system.startup": [
    "warning",
    ({ stalled }) => `${plural(count(stalled), "job")} marked as stalled at startup`,
  ],
  "job.accepted": ["info", () => "Job accepted"],
  "job.uploaded": ["info", () => "Job files stored"],
  "job.invalid": ["error", () => "Job is invalid"],
  "job.queued": ["info", () => "Job queued"],
  "job.started": ["info", () => "Job started"],
  "job.completed": [
    "success",
    ({ duration }) => (typeof duration === "number" ? `Job completed in ${duration}s` : "Job completed"),
  ],
  "job.failed": ["error", ({ error }) => (typeof error === "string" ? `Job failed: ${error}` : "Job failed")],
  "job.retried": ["info", ({ retry_of }) => `Job retried from ${text(retry_of)}`],
  "job.deleted": ["info", () => "Job deleted"],
  "job.cancelled": ["info", () => "Job cancelled"],
  "job.stalled": ["warning", () => "Job stalled: the server stopped while it was active"],
  "job.requeued": ["warning", ({ reason }) => `Job queued again: ${text(reason)}`],
  "job.quarantined": ["error", () => "Job quarantined: its worker died twice while running it"],
  "worker.joined": ["info", ({ worker }) => `Worker ${text(worker)} joined`],
  "worker.lost": ["warning", ({ worker }) => `Worker ${text(worker)} is gone`],
  "worker.unavailable": [
    "warning",
    ({ worker, problem }) =>
      `Worker ${text(worker)} cannot run anything: ${text(problem) || "it does not say why"}`,
  ],
  "worker.available": ["success", ({ worker }) => `Worker ${text(worker)} can run jobs again`],
  "worker.paused": ["info", ({ worker }) => `Worker ${text(worker)} paused`],
  "worker.resumed": ["info", ({ worker }) => `Worker ${text(worker)} is on`],
  "worker.draining": [
    "info",
    ({ worker }) => `Worker ${text(worker)} takes nothing new, and is disabled once it is done`,
  ],
  "worker.disabled": ["info", ({ worker }) => `Worker ${text(worker)} disabled`],
  "worker.canary.failed": [
    "error",
    ({ worker, problem }) =>
      `Worker ${text(worker)} gets no jobs: its canary failed: ${text(problem) || "it does not say why"}`,
  ],
  "worker.canary.passed": [
    "success",
    ({ worker }) => `Worker ${text(worker)} gets jobs again: its canary ran`,
  ],
  "queue.paused": ["info", () => "Queue paused"],
  "queue.resumed": ["info", () => "Queue resumed"],
  "model.deleted": ["info", ({ filename }) => `Deleted model: ${text(filename)}`],
  "model.download.completed": ["success", ({ filename }) => `Downloaded: ${text(filename)}`],
  "model.download.failed": [
    "error",
    ({ filename, error }) => `Download failed: ${text(filename)} ${text(error)}`.trim(),
  ],
  "model.metadata.fetched": [
    ({ found }) => (found === false ? "info" : "success"),
    ({ filename, found }) =>
      found === false ? `No metadata found for ${text(filename)}` : `Metadata fetched: ${text(filename)}`,
  ],
  "model.metadata.failed": ["error", ({ filename }) => `Metadata could not be fetched: ${text(filename)}`],
  "model.metadata.batch.completed": [
    ({ failed }) => (count(failed) > 0 ? "warning" : "success"),
    ({ fetched, failed }) => `Metadata batch done: ${count(fetched)} fetched, ${count(failed)} failed`,
  ],
  "llm.model.deleted": ["info", ({ filename }) => `Deleted LLM model: ${text(filename)}`],
  "assets.uploaded": ["info", ({ files }) => `Uploaded ${plural(length(files), "file")}`],
  "assets.deleted": ["info", ({ files }) => `Deleted ${plural(length(files), "file")}`],
};

/** Every type that has words of its own. Others may occur: the set is open. */
export const KNOWN_TYPES: readonly string[] = Object.keys(WORDS);

/** The severity and the sentence of an event that brings none of its own. */
export function describe(type: string, data: JsonObject): Description {
  const words = Object.hasOwn(WORDS, type) ? WORDS[type] : undefined;
  if (words === undefined) return { severity: guessed(type), message: type };
  const [severity, message] = words;
  return { severity: typeof severity === "string" ? severity : severity(data), message: message(data) };
}

function guessed(type: string): Severity {
  if (/\.(failed|error)$/.test(type)) return "error";
  return type.endsWith(".completed") ? "success" : "info";
}

function text(value: JsonObject[string] | undefined): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : printJson(value);
}

function count(value: JsonObject[string] | undefined): number {
  if (Array.isArray(value)) return value.length;
  return typeof value === "number" ? value : 0;
}

function length(value: JsonObject[string] | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}

function list(value: JsonObject[string] | undefined): string {
  return Array.isArray(value) ? value.map(text).join(", ") : text(value);
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
