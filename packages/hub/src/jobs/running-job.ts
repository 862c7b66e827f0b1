/** The jobs that run, as the hub remembers them while they do. */
import type { Retry } from "@hearth/jobs";
import type { RunMessage } from "@hearth/protocol";
import type { WorkerLink } from "../link/worker-link.ts";
import type { RunningView } from "./watcher.ts";

export interface RunningJob extends RunningView {
  /** absent: its worker is away */
  link: WorkerLink | undefined;
  /** node that was last announced as executing */
  node: string | undefined;
  /** what a worker must have to run it, as it is kept with the job */
  readonly needs: string | undefined;
  readonly retries: readonly Retry[];
  /** it ran for the hub before this one */
  readonly isInherited: boolean;
  /** somebody asked to stop it while no worker could be told */
  isUnwanted?: boolean;
  /** its end is being written */
  isEnding?: boolean;
  /** an error that nobody has heard of, since the job may be tried again */
  withheld?: RunMessage;
  /** heartbeats of its worker in a row that did not name it */
  unnamed: number;
  /** what was said before, where saying it takes time */
  told?: Promise<void>;
}

export class RunningJobs {
  readonly #jobs = new Map<string, RunningJob>();

  get size(): number {
    return this.#jobs.size;
  }

  get(jobId: string): RunningJob | undefined {
    return this.#jobs.get(jobId);
  }

  add(job: RunningJob): void {
    this.#jobs.set(job.ref.jobId, job);
  }

  /** True while this very attempt runs. */
  has(job: RunningJob): boolean {
    return this.#jobs.get(job.ref.jobId) === job;
  }

  /** Another attempt may run by now; it is not this one's to forget. */
  remove(job: RunningJob): void {
    if (this.has(job)) this.#jobs.delete(job.ref.jobId);
  }

  /** All, as they are now: callers may remove some meanwhile. */
  all(): RunningJob[] {
    return [...this.#jobs.values()];
  }

  /** What a link has to do: without the jobs whose end is being written. */
  countOn(link: WorkerLink): number {
    let count = 0;
    for (const job of this.#jobs.values()) if (job.link === link && job.isEnding !== true) count += 1;
    return count;
  }
}
