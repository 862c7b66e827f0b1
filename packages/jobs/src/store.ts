/**
 * The port of the job core. Each method is one whole transaction: when its promise resolves, all of it is durable, and
 * when it rejects, none of it happened. Every change of state writes its event in the same transaction.
 *
 * Where a method takes an `owner`, it means that owner's jobs alone; without one, everybody's.
 */
import type {
  AcceptedJob,
  ClaimedJob,
  Finish,
  HistoryRow,
  InterruptedJob,
  Job,
  JobEvent,
  JobSummary,
  NewJob,
  QueuedJob,
} from "./job.ts";
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

/** Which entries of the history are meant. */
export interface HistoryWindow {
  readonly maxItems?: number;
  readonly offset?: number;
  readonly owner?: string | undefined;
}

export interface JobStore {
  /** Grows with every change of a job; answers built at one version hold while it stands. */
  readonly version: number;

  /**
   * Accepts and queues a job. While a job of the same prompt id is active, the same prompt answers as the first time
   * and another one is refused. @throws PromptIdInUseError
   */
  accept(job: NewJob): Promise<AcceptedJob>;

  /** Takes a value of the counter that names priorities; refused prompts count too. */
  takeNumber(): Promise<number>;

  /**
   * Gives the next queued job to a worker, as a new attempt with a lease: the owner served longest ago first, then the
   * smallest number, then the smaller prompt id (as ComfyUI's heap decides), then the earliest. `undefined` when nothing waits.
   */
  claim(workerId: string, options: { leaseMs: number }): Promise<ClaimedJob | undefined>;

  /** Lengthens the leases of attempts that still hold one. */
  renewLeases(attempts: readonly { jobId: string; attempt: number }[], leaseMs: number): Promise<void>;

  /** Ends a running job. False when the attempt is not the current one any more: its report comes too late. */
  finish(jobId: string, attempt: number, finish: Finish): Promise<boolean>;

  /**
   * The worker of a running job is lost. Queues the job again, at its old place; `failed`: it was running at two
   * unclean stops and is quarantined (still running, to be finished by the caller). `late`: not its attempt.
   */
  requeue(jobId: string, attempt: number, reason: string): Promise<"queued" | "failed" | "late">;

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

  /** Events after `seq`, oldest first. */
  events(afterSeq: number, limit: number): Promise<JobEvent[]>;

  /** The node classes last announced by a kind of worker, as JSON text. */
  saveNodes(key: string, text: string): Promise<void>;
  loadNodes(key: string): Promise<string | undefined>;

  close(): Promise<void>;
}
