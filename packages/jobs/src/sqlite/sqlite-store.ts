/** The job store on `node:sqlite`. */
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
} from "../job.ts";
import type { HistoryWindow, JobStore, ListJobs } from "../store.ts";
import { CommitQueue } from "./commit-queue.ts";
import { openDatabase, type OpenDatabase } from "./connection.ts";
import { JobReads } from "./reads.ts";
import { JobWrites } from "./writes.ts";

/** Opens (and makes, or brings up to date) the database at `file`. @throws DatabaseBusyError, NewerSchemaError */
export async function openSqliteStore(file: string): Promise<JobStore> {
  return new SqliteStore(await openDatabase(file));
}

class SqliteStore implements JobStore {
  readonly #open: OpenDatabase;
  readonly #queue: CommitQueue;
  readonly #writes: JobWrites;
  readonly #reads: JobReads;
  #version = 0;

  constructor(open: OpenDatabase) {
    this.#open = open;
    this.#queue = new CommitQueue(open.database, open.disk);
    this.#writes = new JobWrites(open.database);
    this.#reads = new JobReads(open.database);
  }

  get version(): number {
    return this.#version;
  }

  /** A change that clients see. Accepting and ending are durable against a power cut. */
  async #change<T>(durable: boolean, work: () => T): Promise<T> {
    try {
      return await this.#queue.run(durable, work);
    } finally {
      this.#version += 1;
    }
  }

  async #read<T>(question: () => T): Promise<T> {
    this.#queue.flush();
    return question();
  }

  accept(job: NewJob): Promise<AcceptedJob> {
    return this.#change(true, () => this.#writes.accept(job));
  }
  takeNumber(): Promise<number> {
    return this.#queue.run(false, () => this.#writes.takeNumber());
  }
  claim(workerId: string, { leaseMs }: { leaseMs: number }): Promise<ClaimedJob | undefined> {
    return this.#change(false, () => this.#writes.claim(workerId, leaseMs));
  }
  renewLeases(attempts: readonly { jobId: string; attempt: number }[], leaseMs: number): Promise<void> {
    return this.#queue.run(false, () => this.#writes.renewLeases(attempts, leaseMs));
  }
  finish(jobId: string, attempt: number, finish: Finish): Promise<boolean> {
    return this.#change(true, () => this.#writes.finish(jobId, attempt, finish));
  }
  requeue(jobId: string, attempt: number, reason: string): Promise<"queued" | "failed" | "late"> {
    return this.#change(true, () => this.#writes.requeue(jobId, attempt, reason));
  }
  handBack(jobId: string, attempt: number): Promise<boolean> {
    return this.#change(true, () => this.#writes.handBack(jobId, attempt));
  }
  recover(): Promise<InterruptedJob[]> {
    return this.#change(true, () => this.#writes.recover());
  }
  cancel(promptIds: readonly string[], owner?: string): Promise<number> {
    return this.#change(true, () =>
      promptIds.reduce((count, id) => count + this.#writes.cancel(id, owner), 0),
    );
  }
  clearQueue(owner?: string): Promise<number> {
    return this.#change(true, () => this.#writes.cancel(undefined, owner));
  }
  deleteHistory(promptIds: readonly string[], owner?: string): Promise<void> {
    return this.#change(true, () => promptIds.forEach((id) => this.#writes.deleteHistory(id, owner)));
  }
  clearHistory(owner?: string): Promise<void> {
    return this.#change(true, () => this.#writes.deleteHistory(undefined, owner));
  }
  saveNodes(key: string, text: string): Promise<void> {
    return this.#queue.run(false, () => this.#writes.saveNodes(key, text));
  }

  listQueue(owner?: string): Promise<{ running: QueuedJob[]; pending: QueuedJob[] }> {
    return this.#read(() => this.#reads.queue(owner));
  }
  counts(): Promise<{ pending: number; running: number }> {
    return this.#read(() => this.#reads.counts());
  }
  listHistory(options: HistoryWindow): Promise<HistoryRow[]> {
    return this.#read(() => this.#reads.history(options));
  }
  historyById(promptId: string, owner?: string): Promise<HistoryRow | undefined> {
    return this.#read(() => this.#reads.historyById(promptId, owner));
  }
  listJobs(options: ListJobs): Promise<{ jobs: JobSummary[]; total: number }> {
    return this.#read(() => this.#reads.list(options));
  }
  get(jobId: string): Promise<Job | undefined> {
    return this.#read(() => this.#reads.get(jobId));
  }
  getByPromptId(promptId: string, owner?: string): Promise<Job | undefined> {
    return this.#read(() => this.#reads.getByPromptId(promptId, owner));
  }
  events(afterSeq: number, limit: number): Promise<JobEvent[]> {
    return this.#read(() => this.#reads.events(afterSeq, limit));
  }
  loadNodes(key: string): Promise<string | undefined> {
    return this.#read(() => this.#reads.nodes(key));
  }

  async close(): Promise<void> {
    this.#queue.flush();
    this.#writes.closed();
    this.#open.database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    await this.#open.release();
  }
}
