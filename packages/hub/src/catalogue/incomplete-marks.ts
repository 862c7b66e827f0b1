/**
 * `.incomplete` in a job's directory while the job runs, so that listings tell half a result from a whole one. The
 * directory is read from the prompt, which is where the files go.
 */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { JobStore } from "@hearth/jobs";
import type { Logger } from "pino";
import type { JobWatcher, RunningView } from "../jobs/watcher.ts";
import { readJobDetails } from "../studio/job-details.ts";

export const INCOMPLETE = ".incomplete";

/** A directory as the runner names it. */
const DIRECTORY = /^\d{8}_\d{6}_[0-9a-f]{6}$/;
const IN_PROMPT = /"filename_prefix"\s*:\s*"(\d{8}_\d{6}_[0-9a-f]{6})\//;

export interface IncompleteMarksParts {
  /** the output folder */
  readonly output: string;
  readonly store: Pick<JobStore, "listRecords">;
  readonly log: Logger;
}

export class IncompleteMarks implements JobWatcher {
  readonly #parts: IncompleteMarksParts;
  readonly #running = new Map<string, string>();
  /** one after the other, so that a job that is over at once leaves no mark */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: IncompleteMarksParts) {
    this.#parts = parts;
  }

  /** Takes over what still runs, and removes the marks of everything else. To be called once, at the start. */
  async begin(): Promise<void> {
    const { store, output } = this.#parts;
    const { jobs } = await store.listRecords({
      states: ["queued", "running"],
      surface: "studio",
      order: "queue",
    });
    const active = new Set<string>();
    for (const { id, details, state } of jobs) {
      const directory = readJobDetails(details).output_dir;
      if (directory === null || !DIRECTORY.test(directory)) continue;
      active.add(directory);
      if (state === "running") this.#running.set(id, directory);
    }
    const entries = await readdir(output, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    for (const entry of entries) {
      if (!entry.isDirectory() || !DIRECTORY.test(entry.name) || active.has(entry.name)) continue;
      await rm(path.join(output, entry.name, INCOMPLETE), { force: true });
    }
  }

  /** Resolves when all marks are as they should be. */
  settled(): Promise<void> {
    return this.#last;
  }

  started: NonNullable<JobWatcher["started"]> = ({ ref }, prompt) => {
    const directory = IN_PROMPT.exec(prompt)?.[1];
    if (directory === undefined) return;
    this.#running.set(ref.jobId, directory);
    this.#then(async () => {
      const folder = path.join(this.#parts.output, directory);
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, INCOMPLETE), "");
    });
  };

  ended: NonNullable<JobWatcher["ended"]> = ({ ref }: RunningView) => {
    const directory = this.#running.get(ref.jobId);
    if (directory === undefined) return;
    this.#running.delete(ref.jobId);
    this.#then(() => rm(path.join(this.#parts.output, directory, INCOMPLETE), { force: true }));
  };

  /** A mark that cannot be written is no reason to fail a job. */
  #then(step: () => Promise<void>): void {
    this.#last = this.#last
      .then(step)
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, "a job's .incomplete mark"));
  }
}
