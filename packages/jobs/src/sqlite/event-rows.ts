/** The event log in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import { printJson } from "@hearth/protocol";
import type { EventFilter, JobEvent, NewEvent } from "../event.ts";
import { type Row, optional } from "./rows.ts";
import { Statements } from "./statements.ts";

const COLUMNS = "seq, time, type, job_id, data, severity, message";

function event(row: Row): JobEvent {
  return {
    seq: Number(row["seq"]),
    time: Number(row["time"]),
    type: String(row["type"]),
    jobId: optional(row["job_id"]),
    data: String(row["data"]),
    severity: optional(row["severity"]) as JobEvent["severity"],
    message: optional(row["message"]),
  };
}

export class EventRows {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  /** Part of the transaction of what it tells. */
  add({ type, data, jobId, severity, message }: NewEvent): void {
    this.#sql.run(
      "INSERT INTO events (time, type, job_id, data, severity, message) VALUES (?, ?, ?, ?, ?, ?)",
      Date.now(),
      type,
      jobId === undefined ? null : Number(jobId),
      printJson(data, "compact"),
      severity ?? null,
      message ?? null,
    );
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
