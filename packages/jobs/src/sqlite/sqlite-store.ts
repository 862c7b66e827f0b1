/** The job store on `node:sqlite`. */
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
} from "../job.ts";
import type { DocumentStore } from "../documents.ts";
import type { EventFilter, JobEvent, NewEvent, WordEvent } from "../event.ts";
import type { JobState } from "../states.ts";
import type { HistoryWindow, JobStore, ListJobs, ListRecords, Place } from "../store.ts";
import { CommitQueue } from "./commit-queue.ts";
import { openDatabase, type OpenDatabase } from "./connection.ts";
import { Documents } from "./documents.ts";
import { EventRows } from "./event-rows.ts";
import { QueueHeads } from "./queue-heads.ts";
import { JobReads } from "./reads.ts";
import { JobRecords } from "./records.ts";
import { JobSearch } from "./search.ts";
import { JobWrites } from "./writes.ts";

export interface StoreOptions {
  /** what the surfaces add to events of their jobs; default: nothing */
  readonly wordEvent?: WordEvent;
}

/** Opens (and makes, or brings up to date) the database at `file`. @throws DatabaseBusyError, NewerSchemaError */
export async function openSqliteStore(file: string, options: StoreOptions = {}): Promise<JobStore> {
  return new SqliteStore(await openDatabase(file), options.wordEvent ?? (() => ({ data: {} })));
}

/**
 * The text search follows when nothing has changed for the first time, and at the latest after the second one: jobs that
 * run leave it little time, and who searches makes it catch up. It takes so many events in one transaction.
 */
const SEARCH_QUIET_MS = 500;
const SEARCH_LATEST_MS = 5_000;
const SEARCH_BATCH = 128;
/** So many events are removed in one transaction. */
const TRIM_BATCH = 500;

class SqliteStore implements JobStore {
  readonly #open: OpenDatabase;
  readonly #queue: CommitQueue;
  readonly #writes: JobWrites;
  readonly #reads: JobReads;
  readonly #records: JobRecords;
  readonly #events: EventRows;
  readonly documents: DocumentStore;
  readonly #listeners = new Set<() => void>();
  #version = 0;
  readonly #search: JobSearch;
  #searchTimer: NodeJS.Timeout | undefined;
  #searchAsked = 0;
  #searching: Promise<void> | undefined;
  #isClosing = false;

  constructor(open: OpenDatabase, wordEvent: WordEvent) {
    this.#open = open;
    const heads = new QueueHeads(open.database);
    this.#queue = new CommitQueue(open.database, open.disk, () => heads.forget());
    this.#events = new EventRows(open.database, wordEvent);
    this.#writes = new JobWrites(open.database, this.#events, heads);
    this.#records = new JobRecords(open.database, this.#events, heads);
    const documents = new Documents(open.database);
    this.documents = {
      get: (collection, key) => this.#read(() => documents.get(collection, key)),
      list: (collection) => this.#read(() => documents.list(collection)),
      put: (collection, key, text) => this.#queue.run(true, () => documents.put(collection, key, text)),
      add: (collection, key, text) => this.#queue.run(true, () => documents.add(collection, key, text)),
      remove: (collection, key) => this.#queue.run(true, () => documents.remove(collection, key)),
    };
    this.#reads = new JobReads(open.database);
    this.#search = new JobSearch(open.database);
    this.#searchSoon();
  }

  /** The text search goes its own way, so that no job waits for it. What fails is tried again with the next change. */
  #searchSoon(): void {
    if (this.#isClosing) return;
    if (this.#searchTimer !== undefined) {
      if (performance.now() - this.#searchAsked < SEARCH_LATEST_MS - SEARCH_QUIET_MS)
        this.#searchTimer.refresh();
      return;
    }
    this.#searchAsked = performance.now();
    this.#searchTimer = setTimeout(() => {
      this.#searchTimer = undefined;
      this.#catchUp().catch(() => undefined);
    }, SEARCH_QUIET_MS);
    this.#searchTimer.unref();
  }

  /** Resolves when the text search knows all that has happened before the call. */
  async #catchUp(): Promise<void> {
    await this.#searching?.catch(() => undefined);
    this.#searching ??= this.#follow().finally(() => {
      this.#searching = undefined;
    });
    await this.#searching;
  }

  async #follow(): Promise<void> {
    while (!this.#isClosing && (await this.#queue.run(false, () => this.#search.catchUp(SEARCH_BATCH)))) {
      // Others come in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get version(): number {
    return this.#version;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A change that clients see. Accepting and ending are durable against a power cut. */
  async #change<T>(durable: boolean, work: () => T): Promise<T> {
    try {
      return await this.#queue.run(durable, work);
    } finally {
      this.#version += 1;
      for (const listener of this.#listeners) listener();
      this.#searchSoon();
    }
  }

  async #read<T>(question: () => T): Promise<T> {
    this.#queue.flush();
    return question();
  }

  accept(job: NewJob): Promise<AcceptedJob> {
    return this.#change(true, () => this.#writes.accept(job));
  }
  reserve(job: NewJob): Promise<AcceptedJob> {
    return this.#change(true, () => this.#writes.accept(job, "accepted"));
  }
  advance(jobId: string, to: "uploaded" | "invalid", error?: string): Promise<boolean> {
    return this.#change(true, () => this.#records.advance(jobId, to, error));
  }
  enqueue(jobId: string, ready: Ready): Promise<boolean> {
    return this.#change(true, () => this.#records.enqueue(jobId, this.#writes.takeNumber(), ready));
  }
  cancelPreparing(jobId: string): Promise<boolean> {
    return this.#change(true, () => this.#records.cancelPreparing(jobId));
  }
  remove(jobId: string): Promise<boolean> {
    return this.#change(true, () => this.#records.remove(jobId));
  }
  setDetails(jobId: string, details: string): Promise<boolean> {
    return this.#change(true, () => this.#records.setDetails(jobId, details));
  }
  move(jobId: string, place: Place): Promise<boolean> {
    return this.#change(true, () => this.#records.move(jobId, place));
  }
  takeNumber(): Promise<number> {
    return this.#queue.run(false, () => this.#writes.takeNumber());
  }
  claim(
    workerId: string,
    { leaseMs, choose }: { leaseMs: number; choose?: Choose },
  ): Promise<ClaimedJob | undefined> {
    return this.#change(false, () => this.#writes.claim(workerId, leaseMs, choose));
  }
  renewLeases(attempts: readonly { jobId: string; attempt: number }[], leaseMs: number): Promise<void> {
    return this.#queue.run(false, () => this.#writes.renewLeases(attempts, leaseMs));
  }
  finish(jobId: string, attempt: number, finish: Finish): Promise<boolean> {
    return this.#change(true, () => this.#writes.finish(jobId, attempt, finish));
  }
  requeue(
    jobId: string,
    attempt: number,
    why: { readonly kind: string; readonly text: string; readonly isStop: boolean },
  ): Promise<"queued" | "failed" | "late"> {
    return this.#change(true, () => this.#writes.requeue(jobId, attempt, why));
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
  stallAll(): Promise<number> {
    return this.#change(true, () => this.#writes.stallAll());
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
  async listRecords(options: ListRecords): Promise<{ jobs: JobRecord[]; total: number }> {
    if (options.text !== undefined) await this.#catchUp();
    return this.#read(() => this.#records.list(options));
  }
  recordByPromptId(promptId: string, owner?: string): Promise<JobRecord | undefined> {
    return this.#read(() => this.#records.byPromptId(promptId, owner));
  }
  countByState(owner?: string): Promise<Partial<Record<JobState, number>>> {
    return this.#read(() => this.#records.countByState(owner));
  }
  addEvent(event: NewEvent): Promise<void> {
    return this.#change(false, () => this.#events.add(event));
  }
  continueEventsAfter(seq: number): Promise<void> {
    return this.#queue.run(true, () => this.#events.continueAfter(seq));
  }
  latestEvents(filter: EventFilter): Promise<JobEvent[]> {
    return this.#read(() => this.#events.latest(filter));
  }
  events(afterSeq: number, limit: number): Promise<JobEvent[]> {
    return this.#read(() => this.#events.after(afterSeq, limit));
  }
  async trimEvents({ keep, upTo }: { keep: number; upTo: number }): Promise<number> {
    for (let removed = 0; ;) {
      if (this.#isClosing) return removed;
      const count = await this.#queue.run(false, () => {
        const last = Math.min(upTo, this.#events.newest() - keep, this.#search.seen());
        return this.#events.trim(last, TRIM_BATCH);
      });
      removed += count;
      if (count < TRIM_BATCH) return removed;
      // Others come in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  loadNodes(key: string): Promise<string | undefined> {
    return this.#read(() => this.#reads.nodes(key));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#searchTimer);
    await this.#searching?.catch(() => undefined);
    this.#queue.flush();
    this.#writes.closed();
    this.#open.database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    await this.#open.release();
  }
}
