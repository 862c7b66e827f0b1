/** Questions about jobs. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { HistoryRow, Job, JobSummary, QueuedJob } from "../job.ts";
import type { JobState } from "../states.ts";
import type { HistoryWindow, ListJobs } from "../store.ts";
import {
  historyRow,
  IS_ACTIVE,
  job,
  JOB_COLUMNS,
  jobSummary,
  QUEUE_COLUMNS,
  queuedJob,
  SUMMARY_COLUMNS,
} from "./rows.ts";
import { Statements } from "./statements.ts";

/** `/history` shows no more than this. */
const HISTORY_LIMIT = 10_000;
/** What the jobs list shows: what waits or runs, and what is in history. */
const LISTED = "(state IN ('queued', 'running') OR history_position IS NOT NULL)";

const UNSUCCESSFUL: readonly JobState[] = ["failed", "cancelled", "stalled"];
const IS_UNSUCCESSFUL = "history_position IS NOT NULL AND state <> 'completed'";
const FEW = 1_000;

/** The condition that a question about one owner's jobs adds; its value comes after those of the question. */
function ofOwner(owner: string | undefined): string {
  return owner === undefined ? "" : " AND owner = ?";
}

export class JobReads {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  counts(): { pending: number; running: number } {
    const count = (state: string): number =>
      Number(this.#sql.get(`SELECT COUNT(*) AS n FROM jobs WHERE state = '${state}'`)?.["n"]);
    return { pending: count("queued"), running: count("running") };
  }

  queue(owner?: string): { running: QueuedJob[]; pending: QueuedJob[] } {
    const list = (state: string, order: string): QueuedJob[] =>
      this.#sql
        // The order is found in an index alone, so that no wide row is sorted.
        .all(
          `SELECT id FROM jobs WHERE state = '${state}'${ofOwner(owner)} ORDER BY ${order}`,
          ...(owner === undefined ? [] : [owner]),
        )
        .flatMap(({ id }) => {
          const row = this.#sql.get(`SELECT ${QUEUE_COLUMNS} FROM jobs WHERE id = ?`, Number(id));
          return row === undefined ? [] : [queuedJob(row)];
        });
    return { running: list("running", "id"), pending: list("queued", "number, prompt_id, id") };
  }

  history({ maxItems, offset, owner }: HistoryWindow): HistoryRow[] {
    const whose = owner === undefined ? [] : [owner];
    const columns = `${QUEUE_COLUMNS}, outputs, status, meta, history_position`;
    const shown = `SELECT ${columns} FROM jobs WHERE history_position IS NOT NULL${ofOwner(owner)}`;
    if (offset === undefined) {
      const limit = Math.min(maxItems ?? HISTORY_LIMIT, HISTORY_LIMIT);
      return this.#sql
        .all(`${shown} ORDER BY history_position DESC LIMIT ?`, ...whose, limit)
        .map(historyRow)
        .reverse();
    }
    const total = Number(
      this.#sql.get(
        `SELECT COUNT(*) AS n FROM jobs WHERE history_position IS NOT NULL${ofOwner(owner)}`,
        ...whose,
      )?.["n"],
    );
    const hidden = Math.max(0, total - HISTORY_LIMIT);
    return this.#sql
      .all(`${shown} ORDER BY history_position LIMIT ? OFFSET ?`, ...whose, maxItems ?? -1, hidden + offset)
      .map(historyRow);
  }

  historyById(promptId: string, owner?: string): HistoryRow | undefined {
    const row = this.#sql.get(
      `SELECT ${QUEUE_COLUMNS}, outputs, status, meta FROM jobs
       WHERE prompt_id = ? AND history_position IS NOT NULL${ofOwner(owner)} ORDER BY id DESC LIMIT 1`,
      promptId,
      ...(owner === undefined ? [] : [owner]),
    );
    return row === undefined ? undefined : historyRow(row);
  }

  list(options: ListJobs): { jobs: JobSummary[]; total: number } {
    const conditions = [this.#listed(options.states)];
    const values: SQLInputValue[] = [];
    if (options.states !== undefined) {
      conditions.push(`state IN (${options.states.map(() => "?").join(", ")})`);
      values.push(...options.states);
    }
    if (options.owner !== undefined) {
      conditions.push("owner = ?");
      values.push(options.owner);
    }
    if (options.workflowId !== undefined) {
      conditions.push("workflow_id = ?");
      values.push(options.workflowId);
    }
    const where = conditions.join(" AND ");
    const total = Number(this.#sql.get(`SELECT COUNT(*) AS n FROM jobs WHERE ${where}`, ...values)?.["n"]);
    const key =
      options.sortBy === "created_at"
        ? "created_at"
        : "CASE WHEN ended_at IS NULL OR started_at IS NULL THEN 0 ELSE ended_at - started_at END";
    // Ties stay in the order running, waiting, history: whichever way the key is sorted.
    const ties =
      "CASE state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 ELSE 2 END, history_position, number, prompt_id, id";
    const page = { where, values, skip: options.offset };
    if (options.sortBy === "created_at" && options.offset > 0) {
      // The index alone tells where the page begins; the wide rows before it are not read.
      const at = this.#sql.get(
        `SELECT created_at FROM jobs WHERE ${where} ORDER BY created_at ${options.sortOrder} LIMIT 1 OFFSET ?`,
        ...values,
        options.offset,
      );
      if (at === undefined) return { jobs: [], total };
      const first = Number(at["created_at"]);
      const [before, after] = options.sortOrder === "desc" ? [">", "<="] : ["<", ">="];
      const passed = this.#sql.get(
        `SELECT COUNT(*) AS n FROM jobs WHERE ${where} AND created_at ${before} ?`,
        ...values,
        first,
      );
      page.where = `${where} AND created_at ${after} ?`;
      page.values = [...values, first];
      page.skip = options.offset - Number(passed?.["n"]);
    }
    const rows = this.#sql.all(
      `SELECT ${SUMMARY_COLUMNS} FROM jobs WHERE ${page.where} ORDER BY ${key} ${options.sortOrder}, ${ties}
       LIMIT ? OFFSET ?`,
      ...page.values,
      options.limit ?? -1,
      page.skip,
    );
    return { jobs: rows.map(jobSummary), total };
  }

  /** The condition of listed jobs, in words that lead to the index which has the fewest others. */
  #listed(states: readonly JobState[] = []): string {
    if (states.length === 0) return LISTED;
    if (states.every((state) => state === "queued" || state === "running"))
      return this.#fewWait() ? IS_ACTIVE : LISTED;
    return states.every((state) => UNSUCCESSFUL.includes(state)) ? IS_UNSUCCESSFUL : LISTED;
  }

  /** Whether it is quicker to sort what waits than to walk along the index of all that is listed. */
  #fewWait(): boolean {
    const some = this.#sql.get(
      "SELECT COUNT(*) AS n FROM (SELECT 1 FROM jobs WHERE state = 'queued' LIMIT ?)",
      FEW + 1,
    );
    return Number(some?.["n"]) <= FEW;
  }

  get(jobId: string): Job | undefined {
    const row = this.#sql.get(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`, Number(jobId));
    return row === undefined ? undefined : job(row);
  }

  getByPromptId(promptId: string, owner?: string): Job | undefined {
    const row = this.#sql.get(
      `SELECT ${JOB_COLUMNS} FROM jobs WHERE prompt_id = ?${ofOwner(owner)} ORDER BY id DESC LIMIT 1`,
      promptId,
      ...(owner === undefined ? [] : [owner]),
    );
    return row === undefined ? undefined : job(row);
  }

  nodes(key: string): string | undefined {
    const row = this.#sql.get("SELECT text FROM node_classes WHERE key = ?", key);
    return row === undefined ? undefined : String(row["text"]);
  }
}
