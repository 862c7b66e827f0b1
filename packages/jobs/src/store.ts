/**
 * The port of the job core. Each method is one whole transaction: when its promise resolves, all of it is durable, and
 * when it rejects, none of it happened. Every change of state writes its event in the same transaction.
 *
 * Where a method takes an `owner`, it means that owner's jobs alone; without one, everybody's.
 */
import type {
  AcceptedJob,
  Choose,
  ClaimedJob,
  Finish,
  HistoryRow,
  InterruptedJob,
  Job,
  JobRecord,
  JobSummary,
  NewJob,
  QueuedJob,
  Ready,
  Surface,
} from "./job.ts";
import type { DocumentStore } from "./documents.ts";
import type { EventFilter, JobEvent, NewEvent } from "./event.ts";
import type { JobState } from "./states.ts";

export interface ListJobs {
  readonly states?: readonly JobState[];
  readonly workflowId?: string;
  readonly owner?: string | undefined;
  readonly sortBy: "created_at" | "execution_duration";
  readonly sortOrder: "asc" | "desc";
  readonly limit?: number;
  readonly offset: number;
}

/** Which records are meant; what is absent restricts nothing. */
export interface ListRecords {
  readonly states?: readonly JobState[] | undefined;
  readonly surface?: Surface | undefined;
  readonly owner?: string | undefined;
  /** what Studio's details name as the `workflow_id` */
  readonly studioWorkflow?: string | undefined;
  /** words that all occur in the job, or begin one that does; finds ended jobs alone */
  readonly text?: string | undefined;
  /** only jobs that were accepted before this one, by its id */
  readonly acceptedBefore?: string | undefined;
  /** `queue`: what runs, then what waits in the order in which it will run; `newest`: the last accepted first */
  readonly order: "queue" | "newest";
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** false: nobody asks how many there are, and `total` is that of the page */
  readonly countAll?: boolean;
}

/** Where in the queue a waiting job goes. `before` and `after` name waiting jobs by their ids. */
export type Place =
  | { readonly number: number }
  | { readonly front: true }
  | { readonly before: string }
  | { readonly after: string };

/** Which entries of the history are meant. */
export interface HistoryWindow {
  readonly maxItems?: number;
  readonly offset?: number;
  readonly owner?: string | undefined;
}

export interface JobStore {
  /** Grows with every change of a job; answers built at one version hold while it stands. */
  readonly version: number;

  /** Calls `listener` after every change, when it can be read. Gives the function that ends this. */
  onChange(listener: () => void): () => void;

  /**
   * Accepts and queues a job. While a job of the same prompt id is active, the same prompt answers as the first time
   * and another one is refused. @throws PromptIdInUseError
   */
  accept(job: NewJob): Promise<AcceptedJob>;

  /**
   * Keeps a job whose prompt is still prepared: it is `accepted`, and nothing runs it. @throws PromptIdInUseError
   */
  reserve(job: NewJob): Promise<AcceptedJob>;

  /** Moves a job that is not queued yet; `error` says why it is invalid. False when it was not in such a state. */
  advance(jobId: string, to: "uploaded" | "invalid", error?: string): Promise<boolean>;

  /** Queues a job that was reserved, with its complete prompt. False when it was not waiting for that. */
  enqueue(jobId: string, ready: Ready): Promise<boolean>;

  /** Cancels a job that is not queued yet. False when it was not in such a state. */
  cancelPreparing(jobId: string): Promise<boolean>;

  /** Removes an ended job for good; its files are the caller's business. False when it has not ended or is unknown. */
  remove(jobId: string): Promise<boolean>;

  /** Replaces the details of a job. False when it is unknown. */
  setDetails(jobId: string, details: string): Promise<boolean>;

  /** Gives a waiting job another place. False when it, or the one that `place` names, does not wait. */
  move(jobId: string, place: Place): Promise<boolean>;

  /** A page of records, and how many there are in all. Also those that ComfyUI's clients took out of their history. */
  listRecords(options: ListRecords): Promise<{ jobs: JobRecord[]; total: number }>;

  /** The newest record of a prompt id, whatever its surface. */
  recordByPromptId(promptId: string, owner?: string): Promise<JobRecord | undefined>;

  countByState(owner?: string): Promise<Partial<Record<JobState, number>>>;

  /** Takes a value of the counter that names priorities; refused prompts count too. */
  takeNumber(): Promise<number>;

  /**
   * Gives the next queued job to a worker, as a new attempt with a lease: the owner served longest ago first, then the
   * smallest number, then the smaller prompt id (as ComfyUI's heap decides), then the earliest. `undefined` when nothing
   * waits. With `choose`, owners come in the same turn, and the heads of each are shown to it until it picks one;
   * `undefined` when it picks none.
   */
  claim(
    workerId: string,
    options: { readonly leaseMs: number; readonly choose?: Choose },
  ): Promise<ClaimedJob | undefined>;

  /** Lengthens the leases of attempts that still hold one. */
  renewLeases(attempts: readonly { jobId: string; attempt: number }[], leaseMs: number): Promise<void>;

  /** Ends a running job. False when the attempt is not the current one any more: its report comes too late. */
  finish(jobId: string, attempt: number, finish: Finish): Promise<boolean>;

  /**
   * An attempt ended without a result. Queues the job again, at its old place, and keeps why as one of its `retries`.
   * `isStop`: its worker died with it; at the second such stop in a row the job is quarantined, which is `failed` (still
   * running, to be finished by the caller). `late`: not its attempt.
   */
  requeue(
    jobId: string,
    attempt: number,
    why: { readonly kind: string; readonly text: string; readonly isStop: boolean },
  ): Promise<"queued" | "failed" | "late">;

  /** The hub stops in order: queues a running job again, at its old place. False: not its attempt. */
  handBack(jobId: string, attempt: number): Promise<boolean>;

  /**
   * What was running when the last hub stopped, each with one more unclean stop unless that hub closed its store. Called
   * once, before any claim.
   */
  recover(): Promise<InterruptedJob[]>;

  /** Cancels waiting jobs by prompt id; gives how many there were. */
  cancel(promptIds: readonly string[], owner?: string): Promise<number>;

  /** Cancels all waiting jobs; gives how many there were. */
  clearQueue(owner?: string): Promise<number>;

  /** Ends all that waits or runs as stalled, without a time of its end; gives how many there were. */
  stallAll(): Promise<number>;

  /** Running jobs, and waiting ones in the order in which they will run. */
  listQueue(owner?: string): Promise<{ running: QueuedJob[]; pending: QueuedJob[] }>;
  counts(): Promise<{ pending: number; running: number }>;

  /**
   * Ended jobs that ran, by the time of their first entry under the prompt id (oldest first), at most the newest
   * 10,000. Without `offset`, `maxItems` takes the newest; with it, from that index on.
   */
  listHistory(options: HistoryWindow): Promise<HistoryRow[]>;
  historyById(promptId: string, owner?: string): Promise<HistoryRow | undefined>;
  deleteHistory(promptIds: readonly string[], owner?: string): Promise<void>;
  clearHistory(owner?: string): Promise<void>;

  /** A page of jobs, and how many there are in all. Jobs out of history, and those cancelled before they ran, are left out. */
  listJobs(options: ListJobs): Promise<{ jobs: JobSummary[]; total: number }>;
  get(jobId: string): Promise<Job | undefined>;
  /** The newest job of a prompt id. */
  getByPromptId(promptId: string, owner?: string): Promise<Job | undefined>;

  /** Writes an event that no change of a job tells. */
  addEvent(event: NewEvent): Promise<void>;

  /** Numbers later events from after `seq` on: a log that was kept elsewhere goes on. */
  continueEventsAfter(seq: number): Promise<void>;

  /** The newest events of some types, oldest of them first. */
  latestEvents(filter: EventFilter): Promise<JobEvent[]>;

  /** Events after `seq`, oldest first. */
  events(afterSeq: number, limit: number): Promise<JobEvent[]>;

  /**
   * Removes events whose number is `keep` or more below the newest one, oldest first, none after `upTo`: the last that
   * has been copied to where the log is kept. What the text search has not seen stays too. Several short transactions;
   * gives how many were removed.
   */
  trimEvents(options: { readonly keep: number; readonly upTo: number }): Promise<number>;

  readonly documents: DocumentStore;

  /** The node classes last announced by a kind of worker, as JSON text. */
  saveNodes(key: string, text: string): Promise<void>;
  loadNodes(key: string): Promise<string | undefined>;

  close(): Promise<void>;
}
