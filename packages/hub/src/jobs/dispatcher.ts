/**
 * Brings queued jobs and workers together. A job is claimed in the database before a worker hears of it, and every
 * report is fenced by its attempt; what a lost worker was running is tried again or ends with the reason.
 */
import type { ClaimedJob, JobStore } from "@hearth/jobs";
import type { AttemptRef, JsonObject, RunMessage, RunResult, WorkerToHub } from "@hearth/protocol";
import type { Logger } from "pino";
import { isAlive } from "../link/process-alive.ts";
import type { WorkerLink } from "../link/worker-link.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";
import { finishOf } from "./finish.ts";
import { lostResult } from "./lost-result.ts";
import type { OutputIds } from "./output-ids.ts";
import type { QueueCount } from "./queue-count.ts";
import type { JobWatcher, RunningView } from "./watcher.ts";

/** How long an attempt may go unheard before another may take its job; heartbeats renew it. */
const LEASE_MS = 30_000;
const RENEW_MS = 5_000;
/** After a restart of the hub: how long a worker may take to dial in and say that it still has the job. */
const PICK_UP_MS = 5_000;

interface RunningJob extends RunningView {
  link: WorkerLink | undefined;
  /** node that was last announced as executing */
  node: string | undefined;
  /** somebody asked to stop it while no worker could be told */
  isUnwanted?: boolean;
  /** what was said before, where saying it takes time */
  told?: Promise<void>;
}

type Report = Extract<WorkerToHub, { type: "messages" | "finished" }>;

export interface DispatcherParts {
  readonly store: JobStore;
  readonly sockets: () => SocketHub;
  readonly queue: QueueCount;
  readonly log: Logger;
  /** an operator has paused the queue: what runs goes on, nothing new starts */
  readonly isPaused: () => boolean;
  readonly watcher: Required<JobWatcher>;
  /** adds to outputs the ids of their assets; absent: assets are off */
  readonly outputIds?: OutputIds | undefined;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #running = new Map<string, RunningJob>();
  /** links that stand; what comes of another one is only its last words */
  readonly #links = new Set<WorkerLink>();
  readonly #idle = new Set<WorkerLink>();
  readonly #retired = new WeakSet<WorkerLink>();
  /** the end of a link's last job, while it is being written */
  readonly #ending = new Map<WorkerLink, Promise<void>>();
  #claiming: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #lastClient: { clientId: string; node: string | undefined } | undefined;
  #renewTimer: NodeJS.Timeout;
  #pickUpTimer: NodeJS.Timeout | undefined;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#renewTimer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  /** Takes note of what ran when the last hub died; its worker may still have it. */
  async recover(): Promise<void> {
    for (const { id, promptId, attempt, owner, clientId, workerId } of await this.#parts.store.recover()) {
      const ref = { jobId: id, promptId, attempt };
      const job: RunningJob = { ref, owner, clientId, workerId, link: undefined, node: undefined };
      this.#running.set(id, job);
      this.#parts.watcher.pickedUp(job);
    }
  }

  /** Workers can dial from now on: what ran for the last hub is waited for. */
  awaitWorkers(): void {
    if (this.#running.size > 0) {
      this.#pickUpTimer = setTimeout(() => void this.#stallUnclaimed(), PICK_UP_MS);
    }
  }

  async #stallUnclaimed(): Promise<void> {
    for (const job of [...this.#running.values()]) {
      if (job.link === undefined) await this.#stall(job);
    }
  }

  async #stall(job: RunningJob): Promise<void> {
    const text =
      "The server stopped while the prompt was running, and its worker is gone. Queue it again to run it.";
    await this.#end(job, lostResult(job.ref.promptId, "WorkerLost", text), "stall");
  }

  /**
   * A worker dialled: it keeps the attempts that still hold their lease, and drops the others. One that was started
   * with other settings than this hub wants gets nothing new, and ends when it is done.
   */
  async joined(link: WorkerLink, suits: boolean): Promise<void> {
    this.#links.add(link);
    const keep: AttemptRef[] = [];
    const drop: AttemptRef[] = [];
    for (const held of link.held) {
      const job = this.#running.get(held.jobId);
      const valid = job !== undefined && job.ref.attempt === held.attempt && job.link === undefined;
      if (valid) job.link = link;
      (valid ? keep : drop).push({ jobId: held.jobId, promptId: held.promptId, attempt: held.attempt });
    }
    link.send({ type: "welcome", keep, drop });
    for (const { jobId } of keep) {
      const job = this.#running.get(jobId);
      if (job?.isUnwanted === true) link.interrupt(job.ref);
    }
    if (!suits) {
      this.#retired.add(link);
      link.send({ type: "stop" });
    } else if (keep.length === 0) this.ready(link);
    // What this worker ran for the last hub and has no more is lost.
    for (const job of [...this.#running.values()]) {
      if (job.link === undefined && job.workerId === link.workerId) await this.#stall(job);
    }
  }

  /** The worker has nothing to do. */
  ready(link: WorkerLink): void {
    if (this.#retired.has(link) || !this.#links.has(link)) return;
    this.#idle.add(link);
    this.kick();
  }

  lost(link: WorkerLink): void {
    this.#links.delete(link);
    this.#idle.delete(link);
    this.#ending.delete(link);
    for (const job of [...this.#running.values()]) {
      if (job.link !== link) continue;
      job.link = undefined;
      void this.#lostJob(job, link);
    }
  }

  /** Decides about a job whose worker's link broke: a live worker dials again within a second. */
  async #lostJob(job: RunningJob, link: WorkerLink): Promise<void> {
    const deadline = performance.now() + PICK_UP_MS;
    while (isAlive(link.pid) && performance.now() < deadline && job.link === undefined && !this.#stopped) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    if (this.#stopped || job.link !== undefined || this.#running.get(job.ref.jobId) !== job) return;
    const outcome = await this.#parts.store.requeue(job.ref.jobId, job.ref.attempt, "worker lost");
    this.#parts.log.warn({ job: job.ref.promptId, outcome }, "worker lost while running a job");
    if (outcome === "failed") {
      const text = "The worker died twice while running this prompt; it is not tried again by itself.";
      await this.#end(job, lostResult(job.ref.promptId, "WorkerLost", text), "fail");
      return;
    }
    this.#running.delete(job.ref.jobId);
    if (outcome === "queued") {
      this.#parts.queue.requeued();
      this.#parts.watcher.requeued(job);
    }
    this.#parts.sockets().broadcastStatus();
    this.kick();
  }

  /** Something was queued, or a worker became free. */
  kick(): void {
    if (this.#claiming !== undefined) this.#again = true;
    else {
      this.#claiming = this.#claim().finally(() => {
        this.#claiming = undefined;
      });
    }
  }

  async #claim(): Promise<void> {
    try {
      do {
        this.#again = false;
        for (const link of [...this.#idle]) {
          if (this.#stopped || this.#parts.isPaused() || this.#parts.queue.pending === 0) break;
          this.#idle.delete(link);
          const job = await this.#parts.store.claim(link.workerId, { leaseMs: LEASE_MS });
          if (!this.#links.has(link)) {
            // The worker went away while a job was claimed for it: another one takes it.
            if (job !== undefined) await this.#parts.store.handBack(job.id, job.attempt);
            this.#again = true;
          } else if (job === undefined) this.#idle.add(link);
          else this.#assign(link, job);
        }
      } while (this.#again && !this.#stopped);
    } catch (error) {
      this.#parts.log.error({ err: error }, "claiming a job failed");
    }
  }

  #assign(link: WorkerLink, job: ClaimedJob): void {
    const ref = { jobId: job.id, promptId: job.promptId, attempt: job.attempt };
    const { owner, clientId } = job;
    const running: RunningJob = { ref, owner, clientId, workerId: link.workerId, link, node: undefined };
    this.#running.set(job.id, running);
    this.#parts.watcher.started(running, job.prompt);
    this.#parts.queue.started();
    this.#parts.sockets().broadcastStatus();
    link.send({
      type: "assign",
      ...ref,
      prompt: job.prompt,
      extraData: job.extraData,
      outputs: job.outputsToExecute,
    });
  }

  said(
    link: WorkerLink,
    message: Exclude<WorkerToHub, { type: "hello" | "validated" | "heartbeat" | "nodes" }>,
  ): void {
    const job = this.#running.get(message.jobId);
    if (job === undefined || job.ref.attempt !== message.attempt) {
      // A late report: the job has gone on without this attempt.
      if (message.type === "finished") {
        link.send({
          type: "taken",
          jobId: message.jobId,
          promptId: message.promptId,
          attempt: message.attempt,
        });
        this.ready(link);
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
    else void this.#finished(job, link, message.result);
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
    if (this.#running.get(job.ref.jobId) !== job) return this.said(link, message);
    const { outputIds } = this.#parts;
    const { promptId } = job.ref;
    if (outputIds === undefined) return this.#say(job, link, message);
    if (message.type === "finished") {
      await outputIds.ofResult(promptId, message.result);
      return void this.#finished(job, link, message.result);
    }
    for (const item of message.items) {
      await outputIds.ofMessage(promptId, item);
      this.#tell(job, item);
    }
  }

  #tell(job: RunningJob, message: RunMessage): void {
    this.#parts.watcher.said(job, message);
    if (message.kind === "json" && message.type === "executing") {
      job.node = String((message.data as JsonObject)["node"]);
      if (job.clientId !== undefined) this.#lastClient = { clientId: job.clientId, node: job.node };
    }
    this.#parts.sockets().tell(message, job.ref.promptId, job.clientId);
  }

  async #finished(job: RunningJob, link: WorkerLink, result: RunResult): Promise<void> {
    const ended = this.#end(job, result, "finish");
    // The next claim joins the same commit, and its run may start; what it says waits until the end of this one is told.
    this.#ending.set(link, ended);
    this.ready(link);
    await ended;
    if (this.#ending.get(link) === ended) this.#ending.delete(link);
    link.send({ type: "taken", ...job.ref });
  }

  /** History first, then the words that tell clients to look there. */
  async #end(job: RunningJob, result: RunResult, how: "finish" | "stall" | "fail"): Promise<void> {
    const { store, queue, log } = this.#parts;
    const finished = finishOf(result, how);
    let taken = false;
    for (let delay = 50; ; delay = Math.min(delay * 2, 5_000)) {
      try {
        taken = await store.finish(job.ref.jobId, job.ref.attempt, finished);
        break;
      } catch (error) {
        if (this.#stopped) return;
        log.error(
          { err: error, job: job.ref.promptId },
          "the end of a job could not be written; trying again",
        );
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
    // Another attempt may run by now; it is not this one's to forget.
    if (this.#running.get(job.ref.jobId) === job) this.#running.delete(job.ref.jobId);
    if (!taken) return;
    queue.ended();
    this.#parts.watcher.ended(job, finished);
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

  isBusy(link: WorkerLink): boolean {
    return [...this.#running.values()].some((job) => job.link === link);
  }

  /** Asks the workers to stop these prompts: without an id all, with an owner only its own. True when any was running. */
  interrupt({ promptId, owner }: { promptId?: string | undefined; owner?: string | undefined }): boolean {
    let found = false;
    for (const job of this.#running.values()) {
      if (promptId !== undefined && job.ref.promptId !== promptId) continue;
      if (owner !== undefined && job.owner !== owner) continue;
      found = true;
      // Nobody has it at the moment: whoever dials in with it hears of it then.
      if (job.link === undefined) job.isUnwanted = true;
      else job.link.interrupt(job.ref);
    }
    return found;
  }

  /** Node at which the client's running prompt is. */
  currentNode(clientId: string): string | undefined {
    return this.#lastClient?.clientId === clientId ? this.#lastClient.node : undefined;
  }

  async #renew(): Promise<void> {
    const refs = [...this.#running.values()].filter((job) => job.link !== undefined).map((job) => job.ref);
    if (refs.length > 0) {
      await this.#parts.store.renewLeases(refs, LEASE_MS).catch((error: unknown) => {
        this.#parts.log.error({ err: error }, "leases could not be renewed");
      });
    }
  }

  /** Assigns nothing more. What runs is queued again, or left to its worker and the next hub. */
  async stop({ handOver }: { handOver: boolean }): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#renewTimer);
    clearTimeout(this.#pickUpTimer);
    await this.#claiming;
    if (!handOver) await Promise.all([...this.#running.values()].map((job) => this.#handBack(job)));
  }

  async #handBack(job: RunningJob): Promise<void> {
    // Without a link, its worker may still come back with it to the next hub.
    if (job.link === undefined) return;
    const { jobId, attempt, promptId } = job.ref;
    if (!(await this.#parts.store.handBack(jobId, attempt))) return;
    this.#parts.log.info({ job: promptId }, "the job is queued again: the server stops");
    this.#running.delete(jobId);
    job.link.send({ type: "drop", ...job.ref });
  }
}
