/** What becomes of jobs whose attempt ended without a result: tried again, stalled or failed, always with the reason. */
import type { AttemptRef, RunResult } from "@hearth/protocol";
import { isAlive } from "../link/process-alive.ts";
import type { WorkerLink } from "../link/worker-link.ts";
import { interruptedResult, lostResult } from "./lost-result.ts";
import { persistently } from "./persistently.ts";
import { mayRetry, refusedBy, RETRY_RULES, type RetryKind } from "./retry-policy.ts";
import type { GaveUp, ReportParts, RunReports } from "./run-reports.ts";
import type { RunningJob, RunningJobs } from "./running-job.ts";

/** How long a worker may take to dial in and say that it still has its job. */
export const PICK_UP_MS = 5_000;
/** How long the driver of a ComfyUI, or a worker elsewhere, may take: the job goes on meanwhile. */
const COME_BACK_MS = 15_000;
const POLL_MS = 50;
/** Heartbeats in a row that do not name a job: its worker does not run it. */
const MOST_UNNAMED = 3;

export interface FailedAttemptParts extends ReportParts {
  /** a job waits again */
  readonly requeued: () => void;
  /** whether any worker but these may run what has these needs */
  readonly hasWorkerFor: (needs: string | undefined, except: ReadonlySet<string>) => boolean;
}

export class FailedAttempts {
  readonly #parts: FailedAttemptParts;
  readonly #running: RunningJobs;
  readonly #reports: RunReports;
  #stopped = false;

  constructor(parts: FailedAttemptParts, running: RunningJobs, reports: RunReports) {
    this.#parts = parts;
    this.#running = running;
    this.#reports = reports;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The link of its worker broke: a live worker dials again, and the next driver of a ComfyUI finds the job there. */
  async linkLost(job: RunningJob, link: WorkerLink): Promise<void> {
    // A ComfyUI goes on without its driver, whose next process will find the prompt there.
    const isPatient = link.engine === "comfyui" || (link.isRemote && !link.hasLeft);
    const deadline = performance.now() + (isPatient ? COME_BACK_MS : PICK_UP_MS);
    const isAwaited = (): boolean => job.link === undefined && this.#running.has(job) && !this.#stopped;
    while (
      isAwaited() &&
      performance.now() < deadline &&
      (isPatient || (!link.isRemote && isAlive(link.pid)))
    ) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    if (!isAwaited()) return;
    if (link.hasLeft) await this.#again(job, "worker-left", `The worker ${link.name} was stopped.`);
    else await this.#again(job, "worker-died", `The worker ${link.name} is gone.`);
  }

  /** What ran when the last hub died, and its worker has no more. */
  async stall(job: RunningJob): Promise<void> {
    const text =
      "The server stopped while the prompt was running, and its worker is gone. Queue it again to run it.";
    await this.#reports.end(job, lostResult(job.ref.promptId, "WorkerLost", text), "stall");
  }

  async gaveUp(
    job: RunningJob,
    link: WorkerLink,
    { kind, text, error, nodeErrors }: GaveUp["failure"],
  ): Promise<void> {
    job.isEnding = true;
    if (kind === "lost" && job.isInherited) await this.stall(job);
    else if (kind === "refused") {
      const more = { ...(error === undefined ? {} : { error }), node_errors: nodeErrors ?? {} };
      await this.#again(job, kind, text, lostResult(job.ref.promptId, "PromptRefused", text, more));
    } else await this.#again(job, kind, text);
    link.send({ type: "taken", ...job.ref });
  }

  /** Memory is freed before the next try. */
  async outOfMemory(job: RunningJob, link: WorkerLink, result: RunResult): Promise<void> {
    link.send({ type: "taken", ...job.ref });
    link.send({ type: "free", unloadModels: true, freeMemory: true });
    await this.#again(job, "out-of-memory", `The worker ${link.name} ran out of memory.`, result);
  }

  /** A worker says what it runs. What it does not name although it should is lost, what it should not run is dropped. */
  heartbeat(link: WorkerLink, named: readonly AttemptRef[]): void {
    for (const job of this.#running.all()) {
      if (job.link !== link || job.isEnding === true) continue;
      const isNamed = named.some(
        ({ jobId, attempt }) => jobId === job.ref.jobId && attempt === job.ref.attempt,
      );
      job.unnamed = isNamed ? 0 : job.unnamed + 1;
      if (job.unnamed < MOST_UNNAMED) continue;
      job.link = undefined;
      link.send({ type: "drop", ...job.ref });
      void this.#again(job, "idle", `The worker ${link.name} says that it does not run the prompt.`);
    }
    for (const { jobId, promptId, attempt } of named) {
      if (this.#running.get(jobId)?.ref.attempt !== attempt)
        link.send({ type: "drop", jobId, promptId, attempt });
    }
  }

  /** `result`: how it ends when it is not tried again. */
  async #again(
    job: RunningJob,
    kind: RetryKind,
    text: string,
    result: RunResult = lostResult(job.ref.promptId, "WorkerLost", text),
  ): Promise<void> {
    const { store, log, queue, watcher, requeued, hasWorkerFor } = this.#parts;
    const { jobId, promptId, attempt } = job.ref;
    const { isStop, elsewhere } = RETRY_RULES[kind];
    const isPossible = !elsewhere || hasWorkerFor(job.needs, refusedBy(job.retries, job.workerId));
    if (job.isUnwanted === true) return this.#reports.end(job, interruptedResult(promptId), "fail");
    if (!mayRetry(job.retries, kind) || !isPossible) return this.#reports.end(job, result, "fail");
    const how = { log, promptId, isStopped: () => this.#stopped };
    const outcome = await persistently(() => store.requeue(jobId, attempt, { kind, text, isStop }), how);
    if (outcome === undefined) return;
    log.warn({ job: promptId, kind, outcome }, text);
    if (outcome === "failed") {
      const died = "The worker died twice while running this prompt; it is not tried again by itself.";
      return this.#reports.end(job, lostResult(promptId, "WorkerLost", died), "fail");
    }
    this.#running.remove(job);
    if (outcome === "queued") {
      queue.requeued();
      watcher.requeued(job, kind);
    }
    this.#parts.sockets().broadcastStatus();
    requeued();
  }
}
