/**
 * Brings queued jobs and workers together. A job is claimed in the database before a worker hears of it, and every
 * report is fenced by its attempt; what a lost worker was running is tried again or ends with the reason.
 */
import type { Choose, ClaimedJob } from "@hearth/jobs";
import {
  type AttemptRef,
  type InputFile,
  type JsonObject,
  parseJson,
  printJson,
  type WorkerToHub,
} from "@hearth/protocol";
import type { WorkerLink } from "../link/worker-link.ts";
import type { Canaries } from "../workers/canaries.ts";
import type { Fleet } from "../workers/fleet.ts";
import { FailedAttempts, type FailedAttemptParts, PICK_UP_MS } from "./failed-attempts.ts";
import { type Report, RunReports } from "./run-reports.ts";
import { type RunningJob, RunningJobs } from "./running-job.ts";
import { workerNameOf } from "./worker-name.ts";

/** How long an attempt may go unheard before another may take its job; heartbeats renew it. */
const LEASE_MS = 30_000;
const RENEW_MS = 5_000;
/** After a claim that the database could not write. */
const CLAIM_AGAIN_MS = 1_000;

export interface DispatcherParts extends Omit<FailedAttemptParts, "requeued"> {
  readonly fleet: Fleet;
  readonly canaries: Canaries;
  /** an operator has paused the queue: what runs goes on, nothing new starts */
  readonly isPaused: () => boolean;
  /** which job a worker takes; `others`: workers that will be asked after it. Absent: the first in turn */
  readonly chooserFor: (link: WorkerLink, others: ReadonlySet<WorkerLink>) => Choose | undefined;
  /** files of the hub that a prompt names */
  readonly filesOf: (prompt: string) => Promise<readonly InputFile[]>;
}

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #running = new RunningJobs();
  readonly #reports: RunReports;
  readonly #failed: FailedAttempts;
  /** links that stand; what comes of another one is only its last words */
  readonly #links = new Set<WorkerLink>();
  readonly #retired = new WeakSet<WorkerLink>();
  #claiming: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  readonly #renewTimer: NodeJS.Timeout;
  #pickUpTimer: NodeJS.Timeout | undefined;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    const { fleet } = parts;
    this.#reports = new RunReports(parts, this.#running, {
      freed: () => this.kick(),
      gaveUp: (job, link, failure) => {
        fleet.jobLeft(link, job.ref.promptId);
        void this.#failed.gaveUp(job, link, failure);
      },
      outOfMemory: (job, link, result) => {
        fleet.jobLeft(link, job.ref.promptId);
        void this.#failed.outOfMemory(job, link, result);
      },
      ended: (job, result) => {
        if (job.link === undefined) return;
        const error = result.messages.find(([type]) => type === "execution_error")?.[1];
        const text =
          error === undefined ? {} : { error: String((error as JsonObject)["exception_message"]).trim() };
        fleet.jobEnded(job.link, job.ref.promptId, { ok: result.status !== "error", ...text });
      },
    });
    this.#failed = new FailedAttempts(
      { ...parts, requeued: () => this.kick() },
      this.#running,
      this.#reports,
    );
    this.#renewTimer = setInterval(() => void this.#renew(), RENEW_MS);
    fleet.onChange(() => this.kick());
  }

  /** Takes note of what ran when the last hub died; its worker may still have it. */
  async recover(): Promise<void> {
    for (const { id, promptId, attempt, owner, clientId, workerId } of await this.#parts.store.recover()) {
      const kept = await this.#parts.store.get(id);
      const ref = { jobId: id, promptId, attempt };
      const job: RunningJob = {
        ...{
          ref,
          owner,
          clientId,
          workerId,
          link: undefined,
          node: undefined,
          unnamed: 0,
          isInherited: true,
        },
        needs: kept?.needs,
        retries: kept?.retries ?? [],
      };
      this.#running.add(job);
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
    for (const job of this.#running.all()) {
      if (job.link === undefined && job.isInherited) await this.#failed.stall(job);
    }
  }

  /**
   * A worker dialled: it keeps the attempts that still hold their lease, and drops the others. One that was started
   * with other settings than this hub wants gets nothing new, and ends when it is done.
   */
  async joined(link: WorkerLink, suits: boolean): Promise<void> {
    this.#links.add(link);
    const keep: AttemptRef[] = [];
    const drop: AttemptRef[] = [];
    for (const { jobId, promptId, attempt } of link.held) {
      const job = this.#running.get(jobId);
      const valid = job !== undefined && job.ref.attempt === attempt && job.link === undefined;
      if (valid) job.link = link;
      (valid ? keep : drop).push({ jobId, promptId, attempt });
    }
    link.send({ type: "welcome", keep, drop });
    for (const { jobId } of keep) {
      const job = this.#running.get(jobId);
      if (job === undefined) continue;
      this.#parts.fleet.jobStarted(link, job.ref.promptId, job.needs);
      if (job.isUnwanted === true) link.interrupt(job.ref);
    }
    if (!suits) this.retire(link);
    for (const job of this.#running.all()) {
      const isIts = job.workerId !== undefined && workerNameOf(job.workerId) === link.name;
      if (job.link !== undefined || !isIts) continue;
      if (link.engine === "comfyui") await this.#resume(job, link);
      // What this worker ran for the last hub and has no more is lost.
      else if (job.isInherited || job.workerId === link.workerId) await this.#failed.stall(job);
    }
    this.kick();
  }

  /** The worker gets nothing new, and ends when it is done. */
  retire(link: WorkerLink): void {
    this.#retired.add(link);
    link.send({ type: "stop" });
  }

  /** A driver that is gone had the job; its ComfyUI may have it still. */
  async #resume(job: RunningJob, link: WorkerLink): Promise<void> {
    job.link = link;
    const kept = await this.#parts.store.get(job.ref.jobId);
    if (kept === undefined || job.link !== link || !this.#running.has(job)) return;
    this.#parts.fleet.jobStarted(link, job.ref.promptId, job.needs);
    const { prompt, extraData } = kept;
    link.send({ type: "assign", ...job.ref, prompt, extraData, outputs: [], resume: true });
    if (job.isUnwanted === true) link.interrupt(job.ref);
  }

  lost(link: WorkerLink): void {
    this.#links.delete(link);
    this.#reports.lost(link);
    this.#parts.canaries.lost(link);
    for (const job of this.#running.all()) {
      if (job.link !== link || job.isEnding === true) continue;
      job.link = undefined;
      void this.#failed.linkLost(job, link);
    }
  }

  /** Something was queued, or a worker became free. */
  kick(): void {
    this.#again = true;
    this.#claiming ??= this.#claim();
  }

  async #claim(): Promise<void> {
    // What else is said in this turn belongs to the same look.
    await Promise.resolve();
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        const untried = new Set([...this.#links].filter((link) => this.#isFree(link)));
        for (const link of untried) {
          untried.delete(link);
          while (this.#mayClaim() && this.#isFree(link)) {
            if (!(await this.#claimFor(link, untried))) break;
            // What was left to others may be this one's now.
            if (this.#links.size > 1) this.#again = true;
          }
        }
      }
    } catch (error) {
      this.#parts.log.error({ err: error }, "claiming a job failed; trying again");
      setTimeout(() => this.kick(), CLAIM_AGAIN_MS).unref();
    } finally {
      this.#claiming = undefined;
    }
  }

  #mayClaim(): boolean {
    return !this.#stopped && !this.#parts.isPaused() && this.#parts.queue.pending > 0;
  }

  #isFree(link: WorkerLink): boolean {
    if (!this.#links.has(link) || this.#retired.has(link)) return false;
    const member = this.#parts.fleet.of(link);
    if (member === undefined || member.mode !== "on" || !member.state.isAvailable) return false;
    if (member.canary?.isOk === false) return false;
    return this.#running.countOn(link) + this.#parts.canaries.countOn(link) < member.concurrency;
  }

  /** False when there was nothing for this worker. */
  async #claimFor(link: WorkerLink, others: ReadonlySet<WorkerLink>): Promise<boolean> {
    const choose = this.#parts.chooserFor(link, others);
    const how = { leaseMs: LEASE_MS, ...(choose === undefined ? {} : { choose }) };
    const job = await this.#parts.store.claim(link.workerId, how);
    if (job === undefined) return false;
    if (this.#links.has(link)) this.#assign(link, job);
    else {
      // The worker went away while a job was claimed for it: another one takes it.
      await this.#parts.store.handBack(job.id, job.attempt);
      this.#again = true;
    }
    return true;
  }

  #assign(link: WorkerLink, job: ClaimedJob): void {
    const ref = { jobId: job.id, promptId: job.promptId, attempt: job.attempt };
    const { owner, clientId, needs, retries } = job;
    const running: RunningJob = {
      ...{
        ref,
        owner,
        clientId,
        workerId: link.workerId,
        link,
        node: undefined,
        unnamed: 0,
        isInherited: false,
      },
      ...{ needs, retries },
    };
    this.#running.add(running);
    this.#parts.fleet.jobStarted(link, job.promptId, needs);
    this.#parts.watcher.started(running, job.prompt);
    this.#parts.queue.started();
    this.#parts.sockets().broadcastStatus();
    const { prompt, outputsToExecute: outputs } = job;
    // Partner nodes of a ComfyUI want the keys that no listing shows.
    const extraData = link.engine === "comfyui" ? withSensitive(job) : job.extraData;
    const assignment = { type: "assign", ...ref, prompt, extraData, outputs } as const;
    if (link.files === "shared" && link.engine === "native") link.send(assignment);
    else void this.#assignWithFiles(running, link, assignment);
  }

  async #assignWithFiles(
    job: RunningJob,
    link: WorkerLink,
    assignment: {
      type: "assign";
      prompt: string;
      extraData: string;
      outputs: readonly string[];
    } & AttemptRef,
  ): Promise<void> {
    const files = await this.#parts.filesOf(assignment.prompt).catch((error: unknown) => {
      this.#parts.log.error(
        { err: error, job: job.ref.promptId },
        "the files of a prompt could not be looked at",
      );
      return [];
    });
    if (job.link !== link || !this.#running.has(job)) return;
    link.send({ ...assignment, files });
    if (job.isUnwanted === true) link.interrupt(job.ref);
  }

  said(link: WorkerLink, message: Report): void {
    if (!this.#parts.canaries.said(link, message)) this.#reports.said(link, message);
  }

  heartbeat(link: WorkerLink, { running }: Extract<WorkerToHub, { type: "heartbeat" }>): void {
    const canaries = this.#parts.canaries;
    this.#failed.heartbeat(
      link,
      running.filter((attempt) => !canaries.has(attempt)),
    );
  }

  isBusy(link: WorkerLink): boolean {
    return this.#running.countOn(link) > 0;
  }

  /** Asks the workers to stop these prompts: without an id all, with an owner only its own. True when any was running. */
  interrupt({ promptId, owner }: { promptId?: string | undefined; owner?: string | undefined }): boolean {
    let found = false;
    for (const job of this.#running.all()) {
      if (promptId !== undefined && job.ref.promptId !== promptId) continue;
      if (owner !== undefined && job.owner !== owner) continue;
      found = true;
      // Nobody has it at the moment: whoever dials in with it hears of it then.
      job.isUnwanted = true;
      job.link?.interrupt(job.ref);
    }
    return found;
  }

  /** Node at which the client's running prompt is. */
  currentNode(clientId: string): string | undefined {
    return this.#reports.currentNode(clientId);
  }

  async #renew(): Promise<void> {
    const refs = this.#running.all().flatMap((job) => (job.link === undefined ? [] : [job.ref]));
    if (refs.length > 0) {
      await this.#parts.store.renewLeases(refs, LEASE_MS).catch((error: unknown) => {
        this.#parts.log.error({ err: error }, "leases could not be renewed");
      });
    }
  }

  /** Assigns nothing more. What runs is queued again, or left to its worker and the next hub. */
  async stop({ handOver }: { handOver: boolean }): Promise<void> {
    this.#stopped = true;
    this.#failed.stop();
    this.#reports.stop();
    clearInterval(this.#renewTimer);
    clearTimeout(this.#pickUpTimer);
    await this.#claiming;
    if (!handOver) await Promise.all(this.#running.all().map((job) => this.#handBack(job)));
  }

  async #handBack(job: RunningJob): Promise<void> {
    // Without a link, its worker may still come back with it to the next hub.
    if (job.link === undefined || job.isEnding === true) return;
    const { jobId, attempt, promptId } = job.ref;
    if (!(await this.#parts.store.handBack(jobId, attempt))) return;
    this.#parts.log.info({ job: promptId }, "the job is queued again: the server stops");
    this.#running.remove(job);
    job.link.send({ type: "drop", ...job.ref });
  }
}

/** The extra data with what is kept apart from it, as JSON text. */
function withSensitive({ extraData, sensitive }: ClaimedJob): string {
  if (sensitive === undefined) return extraData;
  return printJson({ ...(parseJson(extraData) as JsonObject), ...(parseJson(sensitive) as JsonObject) });
}
