/** What the surfaces beyond ComfyUI's do with jobs: prepare them, list them whole, remove and reorder them. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { JobRecord, Ready } from "../job.ts";
import { assertTransition, type JobState } from "../states.ts";
import type { ListRecords, Place } from "../store.ts";
import type { EventRows } from "./event-rows.ts";
import { Needs } from "./needs.ts";
import type { QueueHeads } from "./queue-heads.ts";
import { RecordTotals } from "./record-totals.ts";
import { IS_ACTIVE, jobRecord, RECORD_COLUMNS, type Row } from "./rows.ts";
import { searchQuery } from "./search.ts";
import { Statements } from "./statements.ts";

const HISTORY_STATES: readonly JobState[] = ["completed", "failed", "cancelled", "stalled"];
const IN_HISTORY = "state IN ('completed', 'failed', 'cancelled', 'stalled')";
const BEFORE = "jobs.id < ?";
const ENDED = "('completed', 'failed', 'cancelled', 'stalled', 'invalid')";

export class JobRecords {
  readonly #sql: Statements;
  readonly #events: EventRows;
  readonly #needs: Needs;
  readonly #heads: QueueHeads;
  readonly #totals: RecordTotals;

  constructor(database: DatabaseSync, events: EventRows, heads: QueueHeads) {
    this.#sql = new Statements(database);
    this.#totals = new RecordTotals(this.#sql);
    this.#needs = new Needs(database);
    this.#heads = heads;
    this.#events = events;
  }

  /** Moves a job that is not queued yet. False when it is in no state from which it may go there. */
  advance(jobId: string, to: "uploaded" | "invalid", error?: string): boolean {
    const row = this.#preparing(jobId);
    if (row === undefined) return false;
    assertTransition(row["state"] as JobState, to);
    this.#sql.run(
      "UPDATE jobs SET state = ?1, error = ?2, ended_at = CASE ?1 WHEN 'invalid' THEN ?3 END WHERE id = ?4",
      to,
      error ?? null,
      Date.now(),
      Number(jobId),
    );
    this.#events.addOfJob(`job.${to}`, jobId, { prompt_id: row["prompt_id"] });
    return true;
  }

  enqueue(jobId: string, number: number, ready: Ready): boolean {
    const row = this.#preparing(jobId);
    if (row === undefined) return false;
    assertTransition(row["state"] as JobState, "queued");
    const needsId = ready.needs === undefined ? Number(row["needs_id"]) : this.#needs.id(ready.needs);
    this.#sql.run(
      `UPDATE jobs SET state = 'queued', number = ?, number_text = ?, prompt = ?, extra_data = ?,
         outputs_to_execute = ?, details = COALESCE(?, details), needs_id = ? WHERE id = ?`,
      number,
      String(number),
      ready.prompt,
      ready.extraData,
      JSON.stringify(ready.outputsToExecute),
      ready.details ?? null,
      needsId,
      Number(jobId),
    );
    this.#heads.added(String(row["owner"]), needsId, number);
    this.#events.addOfJob("job.queued", jobId, { prompt_id: row["prompt_id"] });
    return true;
  }

  #preparing(jobId: string): Row | undefined {
    return this.#sql.get(
      `SELECT prompt_id, state, owner, needs_id FROM jobs WHERE id = ? AND state IN ('accepted', 'uploaded')`,
      Number(jobId),
    );
  }

  /** Cancels a job that is not queued yet. */
  cancelPreparing(jobId: string): boolean {
    const row = this.#preparing(jobId);
    if (row === undefined) return false;
    this.#sql.run(
      "UPDATE jobs SET state = 'cancelled', ended_at = ?, sensitive = NULL, history_deleted = 1 WHERE id = ?",
      Date.now(),
      Number(jobId),
    );
    this.#events.addOfJob("job.cancelled", jobId, { prompt_id: row["prompt_id"] });
    return true;
  }

  remove(jobId: string): boolean {
    const row = this.#sql.get(`SELECT prompt_id FROM jobs WHERE id = ? AND state IN ${ENDED}`, Number(jobId));
    if (row === undefined) return false;
    this.#events.addOfJob("job.deleted", jobId, { prompt_id: row["prompt_id"] });
    this.#sql.run("DELETE FROM jobs WHERE id = ?", Number(jobId));
    return true;
  }

  setDetails(jobId: string, details: string): boolean {
    // No event tells of it.
    this.#totals.forget();
    return this.#sql.run("UPDATE jobs SET details = ? WHERE id = ?", details, Number(jobId)).changes > 0;
  }

  move(jobId: string, place: Place): boolean {
    const id = Number(jobId);
    const isWaiting = this.#sql.get("SELECT 1 AS found FROM jobs WHERE id = ? AND state = 'queued'", id);
    if (isWaiting === undefined) return false;
    const number = this.#numberFor(id, place);
    if (number === undefined) return false;
    this.#setNumber(id, number);
    this.#heads.forget();
    return true;
  }

  #setNumber(id: number, number: number): void {
    this.#sql.run("UPDATE jobs SET number = ?, number_text = ? WHERE id = ?", number, String(number), id);
  }

  #numberFor(id: number, place: Place): number | undefined {
    if ("number" in place) return place.number;
    const waiting = this.#sql
      .all(
        "SELECT id, number FROM jobs WHERE state = 'queued' AND id <> ? ORDER BY number, prompt_id, id",
        id,
      )
      .map((row) => ({ id: Number(row["id"]), number: Number(row["number"]) }));
    if ("front" in place) return (waiting[0]?.number ?? 1) - 1;
    const isBefore = "before" in place;
    const named = waiting.findIndex((job) => job.id === Number(isBefore ? place.before : place.after));
    if (named < 0) return undefined;
    const at = isBefore ? named : named + 1;
    const left = waiting[at - 1]?.number;
    const right = waiting[at]?.number;
    if (left === undefined) return (right ?? 1) - 1;
    if (right === undefined) return left + 1;
    const middle = (left + right) / 2;
    if (left < middle && middle < right) return middle;
    // Jobs of one number stand in the order of their ids: there is no room between them until the later ones step back.
    const end = waiting.findIndex((job, index) => index > at && job.number > right);
    const behind = waiting.slice(at, end < 0 ? undefined : end);
    const room = ((waiting[end]?.number ?? left + behind.length + 2) - left) / (behind.length + 2);
    behind.forEach((job, index) => this.#setNumber(job.id, left + room * (index + 2)));
    return left + room;
  }

  list(options: ListRecords): { jobs: JobRecord[]; total: number } {
    const chosen = selection(options);
    if (chosen === undefined) return { jobs: [], total: 0 };
    const { page, counted, byText, values } = chosen;
    const order =
      options.order === "queue"
        ? "CASE state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 ELSE 2 END, number, prompt_id, jobs.id"
        : byText
          ? "job_texts.rowid DESC"
          : "jobs.id DESC";
    // The page is found in an index alone; only its own wide rows are read.
    const ids = this.#sql
      .all(
        `SELECT jobs.id AS id FROM ${page} ORDER BY ${order} LIMIT ? OFFSET ?`,
        ...values,
        options.limit ?? -1,
        options.offset ?? 0,
      )
      .map((row) => Number(row["id"]));
    const jobs = ids.flatMap((id) => {
      const row = this.#sql.get(`SELECT ${RECORD_COLUMNS} FROM jobs WHERE id = ?`, id);
      return row === undefined ? [] : [jobRecord(row)];
    });
    if (options.countAll === false) return { jobs, total: jobs.length };
    return { jobs, total: this.#totals.count(counted, values) };
  }

  byPromptId(promptId: string, owner?: string): JobRecord | undefined {
    const row = this.#sql.get(
      `SELECT ${RECORD_COLUMNS} FROM jobs WHERE prompt_id = ?1 AND (?2 IS NULL OR owner = ?2)
       ORDER BY id DESC LIMIT 1`,
      promptId,
      owner ?? null,
    );
    return row === undefined ? undefined : jobRecord(row);
  }

  countByState(owner?: string): Partial<Record<JobState, number>> {
    const rows =
      owner === undefined
        ? this.#sql.all("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state")
        : this.#sql.all("SELECT state, COUNT(*) AS n FROM jobs WHERE owner = ? GROUP BY state", owner);
    return Object.fromEntries(rows.map((row) => [String(row["state"]), Number(row["n"])]));
  }
}

/** One question in two forms, FROM clauses with their conditions: both take the same values. */
interface Selection {
  /** reads in the order of the page, and stops when that is full */
  readonly page: string;
  /** reads all there is, without their rows */
  readonly counted: string;
  readonly values: SQLInputValue[];
  readonly byText: boolean;
}

/** Undefined: nothing can match. */
function selection(options: ListRecords): Selection | undefined {
  const { states, surface, owner, studioWorkflow, text } = options;
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  let from = "jobs";
  const query = text === undefined ? undefined : searchQuery(text);
  if (text !== undefined && query === undefined) return undefined;
  if (studioWorkflow !== undefined) {
    parts.push("surface = 'studio' AND details IS NOT NULL AND details ->> '$.workflow_id' = ?");
    values.push(studioWorkflow);
  }
  if (states !== undefined) {
    if (states.length === 0) return undefined;
    // The partial indexes of ended jobs need their own words in the question.
    if (states.every((state) => HISTORY_STATES.includes(state))) {
      parts.push(IN_HISTORY);
      if (studioWorkflow === undefined && surface === undefined) {
        from = `jobs INDEXED BY ${owner === undefined ? "jobs_ended" : "jobs_ended_by_owner"}`;
      }
    }
    if (states.every((state) => state === "queued" || state === "running")) parts.push(IS_ACTIVE);
    if (states.length < HISTORY_STATES.length || parts.at(-1) !== IN_HISTORY) {
      parts.push(`state IN (${states.map(() => "?").join(", ")})`);
      values.push(...states);
    }
  }
  if (options.acceptedBefore !== undefined) {
    parts.push(BEFORE);
    values.push(Number(options.acceptedBefore));
  }
  if (surface !== undefined) {
    // The partial index of the other surfaces' jobs needs its own words, too.
    parts.push(surface === "comfy" ? "surface = ?" : "surface <> 'comfy' AND surface = ?");
    values.push(surface);
  }
  if (owner !== undefined) {
    parts.push("owner = ?");
    values.push(owner);
  }
  const where = parts.length === 0 ? "" : ` WHERE ${parts.join(" AND ")}`;
  if (query === undefined) {
    return { page: from + where, counted: from + where, values, byText: false };
  }
  // CROSS JOIN keeps this order: the words first, newest job first, then the row of each.
  const joined = `job_texts CROSS JOIN ${from} ON jobs.id = job_texts.rowid`;
  const found = "WHERE job_texts MATCH ?";
  // Seeking each hit would take several times as long as making a set of the jobs. The text search knows ended jobs alone:
  // where nothing else is asked, it knows the answer.
  const isAll = parts.every((part) => part === IN_HISTORY);
  const among = isAll ? "" : ` AND +rowid IN (SELECT jobs.id FROM ${from}${where})`;
  return {
    // The text index begins where the page does.
    page: [`${joined} ${found}`, ...parts].join(" AND ").replace(BEFORE, "job_texts.rowid < ?"),
    counted: `job_texts ${found}${among}`,
    values: [query, ...values],
    byText: true,
  };
}
