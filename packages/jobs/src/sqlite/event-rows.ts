/** The event log in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import { printJson } from "@hearth/protocol";
import type { EventFilter, EventJob, JobEvent, NewEvent, WordEvent } from "../event.ts";
import type { Surface } from "../job.ts";
import { type Row, optional } from "./rows.ts";
import { Statements } from "./statements.ts";

const COLUMNS = "seq, time, type, job_id, data, severity, message, owner";

function event(row: Row): JobEvent {
  return {
    seq: Number(row["seq"]),
    time: Number(row["time"]),
    type: String(row["type"]),
    jobId: optional(row["job_id"]),
    owner: optional(row["owner"]),
    data: String(row["data"]),
    severity: optional(row["severity"]) as JobEvent["severity"],
    message: optional(row["message"]),
  };
}

/** A job as its event tells of it. */
export interface EventSubject extends Omit<EventJob, "prompt"> {
  readonly owner: string;
}

/** From a row with these columns of the job; what it lacks is absent. */
export function eventSubject(row: Row): EventSubject {
  const time = (value: Row[string] | undefined): number | undefined =>
    value == null ? undefined : Number(value);
  return {
    promptId: String(row["prompt_id"]),
    owner: String(row["owner"]),
    surface: String(row["surface"]) as Surface,
    details: optional(row["details"]),
    startedAt: time(row["started_at"]),
    endedAt: time(row["ended_at"]),
    error: optional(row["error"]),
  };
}

export class EventRows {
  readonly #sql: Statements;
  readonly #words: WordEvent;

  constructor(database: DatabaseSync, words: WordEvent) {
    this.#sql = new Statements(database);
    this.#words = words;
  }

  /** Part of the transaction of what it tells. */
  add({ type, data, jobId, owner, severity, message }: NewEvent): void {
    this.#sql.run(
      "INSERT INTO events (time, type, job_id, owner, data, severity, message) VALUES (?, ?, ?, ?, ?, ?, ?)",
      Date.now(),
      type,
      jobId === undefined ? null : Number(jobId),
      owner ?? null,
      printJson(data, "compact"),
      severity ?? null,
      message ?? null,
    );
  }

  /** An event of a job that is in the table as the event leaves it. `job`: what the caller knows of it, else it is read. */
  addOfJob(type: string, jobId: string | number, data: object, job = this.#jobOf(Number(jobId))): void {
    const id = String(jobId);
    if (job === undefined) return this.add({ type, data, jobId: id });
    const { owner } = job;
    const prompt = (): string =>
      String(this.#sql.get("SELECT prompt FROM jobs WHERE id = ?", Number(jobId))?.["prompt"]);
    const words = this.#words(type, { ...job, prompt });
    this.add({ type, data: { ...data, ...words.data }, jobId: id, owner });
    for (const event of words.following ?? []) this.add({ jobId: id, owner, ...event });
  }

  #jobOf(id: number): EventSubject | undefined {
    const row = this.#sql.get(
      "SELECT prompt_id, owner, surface, details, started_at, ended_at, error FROM jobs WHERE id = ?",
      id,
    );
    return row === undefined ? undefined : eventSubject(row);
  }

  /** The numbers of later events are greater than `seq`. */
  continueAfter(seq: number): void {
    this.#sql.run(
      "INSERT INTO sqlite_sequence (name, seq) SELECT 'events', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')",
    );
    this.#sql.run("UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = 'events'", seq);
  }

  after(seq: number, limit: number): JobEvent[] {
    return this.#sql
      .all(`SELECT ${COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, seq, limit)
      .map(event);
  }

  /** Removes at most `limit` of the oldest events up to `seq`; gives how many there were. */
  trim(seq: number, limit: number): number {
    const { last } = this.#sql.get(
      "SELECT MAX(seq) AS last FROM (SELECT seq FROM events WHERE seq <= ? ORDER BY seq LIMIT ?)",
      seq,
      limit,
    ) as { last: number | null };
    return last === null ? 0 : Number(this.#sql.run("DELETE FROM events WHERE seq <= ?", last).changes);
  }

  /** The number of the newest event; 0: there is none. */
  newest(): number {
    return Number(this.#sql.get("SELECT MAX(seq) AS last FROM events")?.["last"] ?? 0);
  }

  latest({ types, limit }: EventFilter): JobEvent[] {
    const chosen = types === undefined ? "" : `WHERE type IN (${types.map(() => "?").join(", ")})`;
    return this.#sql
      .all(`SELECT ${COLUMNS} FROM events ${chosen} ORDER BY seq DESC LIMIT ?`, ...(types ?? []), limit)
      .map(event)
      .reverse();
  }
}
