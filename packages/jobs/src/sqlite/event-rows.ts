/** The event log in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import { printJson } from "@hearth/protocol";
import type { EventFilter, JobEvent, NewEvent, WordEvent } from "../event.ts";
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

  /** An event of a job that is in the table as the event leaves it. */
  addOfJob(type: string, jobId: string | number, data: object): void {
    const id = Number(jobId);
    const row = this.#sql.get(
      "SELECT prompt_id, owner, surface, details, started_at, ended_at, error FROM jobs WHERE id = ?",
      id,
    );
    if (row === undefined) return this.add({ type, data, jobId: String(id) });
    const time = (value: Row[string] | undefined): number | undefined =>
      value == null ? undefined : Number(value);
    const words = this.#words(type, {
      promptId: String(row["prompt_id"]),
      surface: String(row["surface"]) as Surface,
      details: optional(row["details"]),
      startedAt: time(row["started_at"]),
      endedAt: time(row["ended_at"]),
      error: optional(row["error"]),
      prompt: () => String(this.#sql.get("SELECT prompt FROM jobs WHERE id = ?", id)?.["prompt"]),
    });
    const owner = String(row["owner"]);
    this.add({ type, data: { ...data, ...words.data }, jobId: String(id), owner });
    for (const event of words.following ?? []) this.add({ jobId: String(id), owner, ...event });
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

  latest({ types, limit }: EventFilter): JobEvent[] {
    const chosen = types === undefined ? "" : `WHERE type IN (${types.map(() => "?").join(", ")})`;
    return this.#sql
      .all(`SELECT ${COLUMNS} FROM events ${chosen} ORDER BY seq DESC LIMIT ?`, ...(types ?? []), limit)
      .map(event)
      .reverse();
  }
}
