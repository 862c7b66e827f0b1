/** What the surfaces beyond ComfyUI's do with jobs: prepare them, list them whole, remove and reorder them. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { JobRecord, Ready } from "../job.ts";
import { assertTransition, type JobState } from "../states.ts";
import type { ListRecords, Place } from "../store.ts";
import type { EventRows } from "./event-rows.ts";
import { jobRecord, RECORD_COLUMNS, type Row } from "./rows.ts";
import { Statements } from "./statements.ts";

const ENDED = "('completed', 'failed', 'cancelled', 'stalled', 'invalid')";

export class JobRecords {
  readonly #sql: Statements;
  readonly #events: EventRows;

  constructor(database: DatabaseSync, events: EventRows) {
    this.#sql = new Statements(database);
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
    this.#events.add({ type: `job.${to}`, jobId, data: { prompt_id: row["prompt_id"] } });
    return true;
  }

  enqueue(jobId: string, number: number, ready: Ready): boolean {
    const row = this.#preparing(jobId);
    if (row === undefined) return false;
    assertTransition(row["state"] as JobState, "queued");
    this.#sql.run(
      `UPDATE jobs SET state = 'queued', number = ?, number_text = ?, prompt = ?, extra_data = ?,
         outputs_to_execute = ?, details = COALESCE(?, details) WHERE id = ?`,
      number,
      String(number),
      ready.prompt,
      ready.extraData,
      JSON.stringify(ready.outputsToExecute),
      ready.details ?? null,
      Number(jobId),
    );
    this.#events.add({ type: "job.queued", jobId, data: { prompt_id: row["prompt_id"] } });
    return true;
  }

  #preparing(jobId: string): Row | undefined {
    return this.#sql.get(
      "SELECT prompt_id, state FROM jobs WHERE id = ? AND state IN ('accepted', 'uploaded')",
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
    this.#events.add({ type: "job.cancelled", jobId, data: { prompt_id: row["prompt_id"] } });
    return true;
  }

  remove(jobId: string): boolean {
    const row = this.#sql.get(
      `DELETE FROM jobs WHERE id = ? AND state IN ${ENDED} RETURNING prompt_id`,
      Number(jobId),
    );
    if (row === undefined) return false;
    this.#events.add({ type: "job.deleted", jobId, data: { prompt_id: row["prompt_id"] } });
    return true;
  }

  setDetails(jobId: string, details: string): boolean {
    return this.#sql.run("UPDATE jobs SET details = ? WHERE id = ?", details, Number(jobId)).changes > 0;
  }

  move(jobId: string, place: Place): boolean {
    const number = this.#numberFor(Number(jobId), place);
    if (number === undefined) return false;
    const { changes } = this.#sql.run(
      "UPDATE jobs SET number = ?, number_text = ? WHERE id = ? AND state = 'queued'",
      number,
      String(number),
      Number(jobId),
    );
    return changes > 0;
  }

  #numberFor(id: number, place: Place): number | undefined {
    if ("number" in place) return place.number;
    const waiting = this.#sql
      .all(
        "SELECT id, number FROM jobs WHERE state = 'queued' AND id <> ? ORDER BY number, prompt_id, id",
        id,
      )
      .map((row) => ({ id: String(row["id"]), number: Number(row["number"]) }));
    if ("front" in place) return (waiting[0]?.number ?? 1) - 1;
    const isBefore = "before" in place;
    const at = waiting.findIndex((job) => job.id === (isBefore ? place.before : place.after));
    if (at < 0) return undefined;
    const left = waiting[isBefore ? at - 1 : at]?.number;
    const right = waiting[isBefore ? at : at + 1]?.number;
    if (left === undefined) return (right ?? 1) - 1;
    return right === undefined ? left + 1 : (left + right) / 2;
  }

  list(options: ListRecords): { jobs: JobRecord[]; total: number } {
    const { where, values } = conditions(options);
    const total = Number(this.#sql.get(`SELECT COUNT(*) AS n FROM jobs ${where}`, ...values)?.["n"]);
    const order =
      options.order === "queue"
        ? "CASE state WHEN 'running' THEN 0 WHEN 'queued' THEN 1 ELSE 2 END, number, prompt_id, id"
        : "id DESC";
    const rows = this.#sql.all(
      `SELECT ${RECORD_COLUMNS} FROM jobs ${where} ORDER BY ${order} LIMIT ? OFFSET ?`,
      ...values,
      options.limit ?? -1,
      options.offset ?? 0,
    );
    return { jobs: rows.map(jobRecord), total };
  }

  countByState(owner?: string): Partial<Record<JobState, number>> {
    const rows =
      owner === undefined
        ? this.#sql.all("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state")
        : this.#sql.all("SELECT state, COUNT(*) AS n FROM jobs WHERE owner = ? GROUP BY state", owner);
    return Object.fromEntries(rows.map((row) => [String(row["state"]), Number(row["n"])]));
  }
}

function conditions({ states, surface, owner }: ListRecords): { where: string; values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  if (states !== undefined) {
    parts.push(`state IN (${states.map(() => "?").join(", ")})`);
    values.push(...states);
  }
  if (surface !== undefined) {
    parts.push("surface = ?");
    values.push(surface);
  }
  if (owner !== undefined) {
    parts.push("owner = ?");
    values.push(owner);
  }
  return { where: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values };
}
