/**
 * What workers say of the jobs that they run, in the order in which they say it: told to sockets and watchers, and at
 * the end written down before anybody hears of it.
 */
import type { JobStore } from "@hearth/jobs";
import type { JsonObject, RunMessage, RunResult, WorkerToHub } from "@hearth/protocol";
import type { Logger } from "pino";
import type { WorkerLink } from "../link/worker-link.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";
import { finishOf } from "./finish.ts";
import type { OutputIds } from "./output-ids.ts";
import type { QueueCount } from "./queue-count.ts";
import { persistently } from "./persistently.ts";
import { isOutOfMemory, mayRetry } from "./retry-policy.ts";
import type { RunningJob, RunningJobs } from "./running-job.ts";
import type { JobWatcher } from "./watcher.ts";

export type Report = Extract<WorkerToHub, { type: "messages" | "finished" | "gave-up" }>;
export type GaveUp = Extract<Report, { type: "gave-up" }>;

export interface ReportParts {
  readonly store: JobStore;
  readonly sockets: () => SocketHub;
  readonly queue: QueueCount;
  readonly log: Logger;
  readonly watcher: Required<JobWatcher>;
  /** adds to outputs the ids of their assets; absent: assets are off */
  readonly outputIds?: OutputIds | undefined;
}

export interface ReportEvents {
  /** the worker can take another job */
  readonly freed: (link: WorkerLink) => void;
  readonly gaveUp: (job: RunningJob, link: WorkerLink, failure: GaveUp["failure"]) => void;
  readonly outOfMemory: (job: RunningJob, link: WorkerLink, result: RunResult) => void;
  /** it has ended, in the database too */
  readonly ended: (job: RunningJob, result: RunResult) => void;
}

export class RunReports {
  readonly #parts: ReportParts;
  readonly #running: RunningJobs;
  readonly #events: ReportEvents;
  /** the end of a link's last job, while it is being written */
  readonly #ending = new Map<WorkerLink, Promise<void>>();
  #lastClient: { clientId: string; node: string | undefined } | undefined;
  #stopped = false;

  constructor(parts: ReportParts, running: RunningJobs, events: ReportEvents) {
    this.#parts = parts;
    this.#running = running;
    this.#events = events;
  }

  /** Node at which the client's running prompt is. */
  currentNode(clientId: string): string | undefined {
    return this.#lastClient?.clientId === clientId ? this.#lastClient.node : undefined;
  }

  said(link: WorkerLink, message: Report): void {
    const job = this.#running.get(message.jobId);
    if (job === undefined || job.ref.attempt !== message.attempt || job.link !== link) {
      // A late report: the job has gone on without this attempt, or with the worker's next process.
      if (message.type !== "messages") {
        const { jobId, promptId, attempt } = message;
        link.send({ type: "taken", jobId, promptId, attempt });
        this.#events.freed(link);
      }
      return;
    }
    const before = job.told ?? this.#ending.get(link);
    if (before === undefined && this.#parts.outputIds === undefined) this.#say(job, link, message);
    else {
      const told = this.#sayInTurn(job, link, message, before).finally(() => {
        if (job.told === told) delete job.told;
      });
      job.told = told;
    }
  }

  #say(job: RunningJob, link: WorkerLink, message: Report): void {
    if (message.type === "messages") for (const item of message.items) this.#tell(job, item);
    else if (message.type === "finished") void this.#finished(job, link, message.result);
    else this.#events.gaveUp(job, link, message.failure);
  }

  /** The same where it takes a moment: after the end of the job before, and with ids added. Messages keep their order. */
  async #sayInTurn(
    job: RunningJob,
    link: WorkerLink,
    message: Report,
    before: Promise<void> | undefined,
  ): Promise<void> {
    await before;
    // Meanwhile the attempt may have been lost: then this is a late report.
    if (!this.#running.has(job)) return this.said(link, message);
    const { outputIds } = this.#parts;
    const { promptId } = job.ref;
    if (outputIds === undefined || message.type === "gave-up") return this.#say(job, link, message);
    if (message.type === "finished") {
      await outputIds.ofResult(promptId, message.result);
      return this.#say(job, link, message);
    }
    for (const item of message.items) {
      await outputIds.ofMessage(promptId, item);
      this.#tell(job, item);
    }
  }

  #tell(job: RunningJob, message: RunMessage): void {
    if (isOutOfMemory(message) && mayRetry(job.retries, "out-of-memory")) {
      job.withheld = message;
      return;
    }
    this.#parts.watcher.said(job, message);
    if (message.kind === "json" && message.type === "executing") {
      job.node = String((message.data as JsonObject)["node"]);
      if (job.clientId !== undefined) this.#lastClient = { clientId: job.clientId, node: job.node };
    }
    this.#parts.sockets().tell(message, job.ref.promptId, job.clientId);
  }

  async #finished(job: RunningJob, link: WorkerLink, result: RunResult): Promise<void> {
    if (job.isEnding === true) return;
    job.isEnding = true;
    if (job.withheld !== undefined) {
      this.#events.outOfMemory(job, link, result);
      return;
    }
    const ended = this.end(job, result, "finish");
    // The next claim joins the same commit, and its run may start; what it says waits until the end of this one is told.
    this.#ending.set(link, ended);
    this.#events.freed(link);
    await ended;
    if (this.#ending.get(link) === ended) this.#ending.delete(link);
    link.send({ type: "taken", ...job.ref });
  }

  /** History first, then the words that tell clients to look there. */
  async end(job: RunningJob, result: RunResult, how: "finish" | "stall" | "fail"): Promise<void> {
    const { queue, watcher } = this.#parts;
    job.isEnding = true;
    const { withheld } = job;
    if (withheld !== undefined) {
      // It is not tried again after all.
      watcher.said(job, withheld);
      this.#parts.sockets().tell(withheld, job.ref.promptId, job.clientId);
    }
    const finished = finishOf(result, how);
    const taken = await this.#write(job, finished);
    if (taken === undefined) return;
    this.#running.remove(job);
    if (!taken) return;
    queue.ended();
    watcher.ended(job, finished);
    this.#events.ended(job, result);
    if (this.#lastClient?.clientId === job.clientId) this.#lastClient = undefined;
    const sockets = this.#parts.sockets();
    if (how !== "finish" && job.clientId !== undefined) {
      for (const [type, data] of result.messages) sockets.sendTo(job.clientId, type, data);
    }
    sockets.broadcastStatus();
    if (job.clientId !== undefined) {
      sockets.sendTo(job.clientId, "executing", { node: null, prompt_id: job.ref.promptId });
    }
  }

  /** True: it is in history now; false: the attempt was not the current one; `undefined`: the hub stopped meanwhile. */
  #write(job: RunningJob, finished: ReturnType<typeof finishOf>): Promise<boolean | undefined> {
    const { jobId, promptId, attempt } = job.ref;
    const { store, log } = this.#parts;
    const how = { log, promptId, isStopped: () => this.#stopped };
    return persistently(() => store.finish(jobId, attempt, finished), how);
  }

  lost(link: WorkerLink): void {
    this.#ending.delete(link);
  }

  /** Nothing is tried again from now on. */
  stop(): void {
    this.#stopped = true;
  }
}
