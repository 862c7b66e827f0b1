/** The progress of all running jobs: computed once each, for every surface that shows it. */
import type { JobStore } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson, toNumber } from "@hearth/protocol";
import type { Logger } from "pino";
import type { JobWatcher, RunningView } from "../jobs/watcher.ts";
import { Durations } from "./durations.ts";
import { JobProgress, type ProgressStatus } from "./job-progress.ts";
import { type RunGraph, runGraph } from "./run-graph.ts";

export interface ProgressParts {
  readonly store: Pick<JobStore, "get" | "documents">;
  /** whether a class shows or saves something; `undefined`: not known */
  readonly isOutput: (className: string) => boolean | undefined;
  readonly log: Logger;
  /** classes that take no time; default: `INSTANT_CLASSES` */
  readonly instant?: ReadonlySet<string>;
  /** milliseconds of a steady clock */
  readonly now?: () => number;
}

/** Hears of every change; after one with `isOver` the job is no longer in the book. */
export type ProgressListener = (progress: JobProgress) => void;

const ENDED: Readonly<Record<string, Exclude<ProgressStatus, "running">>> = {
  completed: "completed",
  stalled: "stalled",
};

export class ProgressBook implements JobWatcher {
  readonly #parts: ProgressParts;
  readonly #durations: Durations;
  readonly #jobs = new Map<string, { progress: JobProgress; prompt: () => JsonObject | undefined }>();
  readonly #listeners = new Set<ProgressListener>();

  private constructor(parts: ProgressParts) {
    this.#parts = parts;
    this.#durations = new Durations(parts.store.documents);
  }

  /** A book that knows what earlier jobs taught. */
  static async open(parts: ProgressParts): Promise<ProgressBook> {
    const book = new ProgressBook(parts);
    await book.#durations.load();
    return book;
  }

  /** By the job's own id; undefined when it does not run. */
  get(jobId: string): JobProgress | undefined {
    return this.#jobs.get(jobId)?.progress;
  }

  /** All running jobs, in the order in which they began. */
  all(): JobProgress[] {
    return [...this.#jobs.values()].map(({ progress }) => progress);
  }

  /** Calls `listener` on every change. Gives the function that ends this. */
  onChange(listener: ProgressListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  started: NonNullable<JobWatcher["started"]> = (job, prompt) => {
    this.#add(job, () => objectIn(prompt));
  };

  /** What its run said before is not known; the state of its nodes comes with the next message. */
  pickedUp: NonNullable<JobWatcher["pickedUp"]> = (job) => {
    let prompt: JsonObject | undefined;
    this.#add(job, () => prompt);
    this.#parts.store
      .get(job.ref.jobId)
      .then((stored) => {
        if (stored === undefined) return;
        prompt = objectIn(stored.prompt);
        const progress = this.get(job.ref.jobId);
        if (progress !== undefined) this.#tell(progress);
      })
      .catch((error: unknown) =>
        this.#parts.log.error({ err: error }, "the prompt of a job could not be read"),
      );
  };

  #add(job: RunningView, read: () => JsonObject | undefined): void {
    let parsed: JsonObject | undefined;
    const prompt = (): JsonObject | undefined => (parsed ??= read());
    const graph = (): RunGraph | undefined => {
      const object = prompt();
      return object === undefined ? undefined : runGraph(object, this.#parts.isOutput, this.#parts.instant);
    };
    const progress = new JobProgress(job.ref, job.owner, {
      graph,
      expected: (object) => this.#durations.of(object),
      now: this.#parts.now ?? (() => performance.now()),
    });
    this.#jobs.set(job.ref.jobId, { progress, prompt });
    this.#tell(progress);
  }

  said: NonNullable<JobWatcher["said"]> = (job, message) => {
    const progress = this.get(job.ref.jobId);
    if (progress?.note(message) === true) this.#tell(progress);
  };

  requeued: NonNullable<JobWatcher["requeued"]> = (job) => {
    this.#jobs.delete(job.ref.jobId);
  };

  ended: NonNullable<JobWatcher["ended"]> = (job, finish) => {
    const entry = this.#jobs.get(job.ref.jobId);
    if (entry === undefined) return;
    this.#jobs.delete(job.ref.jobId);
    entry.progress.end(ENDED[finish.state] ?? "error");
    this.#tell(entry.progress);
    if (finish.state !== "completed") return;
    const lasted = finish.startedAt === undefined ? 0 : finish.endedAt - finish.startedAt;
    if (lasted < LEARN_FROM_MS) return;
    const prompt = entry.prompt();
    const times = objectIn(finish.nodeTimes);
    if (prompt === undefined || times === undefined) return;
    this.#durations.learn(
      prompt,
      Object.fromEntries(Object.entries(times).map(([id, ms]) => [id, toNumber(ms)])),
    );
  };

  #tell(progress: JobProgress): void {
    for (const listener of this.#listeners) listener(progress);
  }

  /** Writes what was learned; before the store is closed. */
  close(): Promise<void> {
    return this.#durations.save();
  }
}

/** Reading a prompt only to learn that it took no time is not worth it. */
const LEARN_FROM_MS = 500;

function objectIn(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
