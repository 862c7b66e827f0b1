/** The transactions that change jobs. Each runs inside the commit queue; see the port for what they promise. */
import type { DatabaseSync } from "node:sqlite";
import { floatText } from "@hearth/protocol";
import { PromptIdInUseError } from "../errors.ts";
import type { AcceptedJob, ClaimedJob, Finish, InterruptedJob, NewJob } from "../job.ts";
import { assertTransition, type JobState } from "../states.ts";
import type { EventRows } from "./event-rows.ts";
import { queuedJob, type Row } from "./rows.ts";
import { Statements } from "./statements.ts";

/** A job that was running at this many unclean stops in a row is never tried again by itself. */
const QUARANTINE_AT = 2;

/** Owners with a queued job, found by one index seek each, however many jobs they have; first in turn first. */
const WAITING_OWNERS = `
  WITH RECURSIVE waiting (owner) AS (
    SELECT MIN(owner) FROM jobs WHERE state = 'queued'
    UNION ALL
    SELECT (SELECT MIN(owner) FROM jobs WHERE state = 'queued' AND owner > waiting.owner)
    FROM waiting WHERE waiting.owner IS NOT NULL
  )
  SELECT waiting.owner AS owner FROM waiting LEFT JOIN owners USING (owner) WHERE waiting.owner IS NOT NULL
  ORDER BY COALESCE(served, 0), (
    SELECT id FROM jobs WHERE state = 'queued' AND owner = waiting.owner ORDER BY number, prompt_id, id LIMIT 1
  ) LIMIT 1`;

export class JobWrites {
  readonly #sql: Statements;
  readonly #events: EventRows;

  constructor(database: DatabaseSync, events: EventRows) {
    this.#sql = new Statements(database);
    this.#events = events;
  }

  /** `state`: `accepted` for a job whose prompt is still prepared; it takes its number when it is queued. */
  accept(job: NewJob, state: "queued" | "accepted" = "queued"): AcceptedJob {
    const active = this.#sql.get(
      `SELECT id, number_text, prompt FROM jobs
       WHERE prompt_id = ? AND state IN ('accepted', 'uploaded', 'queued', 'running') ORDER BY id DESC LIMIT 1`,
      job.promptId,
    );
    if (active !== undefined) {
      if (active["prompt"] !== job.prompt) throw new PromptIdInUseError(job.promptId);
      return {
        id: String(active["id"]),
        promptId: job.promptId,
        number: String(active["number_text"]),
        isNew: false,
      };
    }
    const counted = job.number ?? (state === "accepted" ? 0 : this.takeNumber() * (job.front ? -1 : 1) + 0);
    const numberText = job.number === undefined ? String(counted) : floatText(job.number);
    const { lastInsertRowid } = this.#sql.run(
      `INSERT INTO jobs (prompt_id, state, owner, number, number_text, prompt, extra_data, sensitive,
         outputs_to_execute, client_id, workflow_id, created_at, surface, details)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      job.promptId,
      state,
      job.owner,
      counted,
      numberText,
      job.prompt,
      job.extraData,
      job.sensitive ?? null,
      JSON.stringify(job.outputsToExecute),
      job.clientId ?? null,
      job.workflowId ?? null,
      job.createdAt,
      job.surface ?? "comfy",
      job.details ?? null,
    );
    const id = Number(lastInsertRowid);
    this.#events.addOfJob(`job.${state}`, id, { prompt_id: job.promptId });
    return { id: String(id), promptId: job.promptId, number: numberText, isNew: true };
  }

  takeNumber(): number {
    const row = this.#sql.get(
      `INSERT INTO counters (name, value) VALUES ('number', 1)
       ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`,
    );
    return Number(row?.["value"]) - 1;
  }

  claim(workerId: string, leaseMs: number): ClaimedJob | undefined {
    const next = this.#sql.get(WAITING_OWNERS);
    if (next === undefined) return undefined;
    const row = this.#sql.get(
      "SELECT * FROM jobs WHERE state = 'queued' AND owner = ? ORDER BY number, prompt_id, id LIMIT 1",
      next["owner"] as string,
    );
    if (row === undefined) return undefined;
    const id = Number(row["id"]);
    const attempt = Number(row["attempt"]) + 1;
    const now = Date.now();
    this.#sql.run(
      `UPDATE jobs SET state = 'running', attempt = ?, worker_id = ?, lease_until = ?, started_at = ? WHERE id = ?`,
      attempt,
      workerId,
      now + leaseMs,
      now,
      id,
    );
    this.#sql.run(
      `INSERT INTO owners (owner, served) VALUES (?1, (SELECT COALESCE(MAX(served), 0) + 1 FROM owners))
       ON CONFLICT (owner) DO UPDATE SET served = (SELECT MAX(served) + 1 FROM owners)`,
      row["owner"] as string,
    );
    this.#events.addOfJob("job.started", id, { prompt_id: row["prompt_id"], attempt, worker: workerId });
    return {
      ...queuedJob(row),
      owner: String(row["owner"]),
      attempt,
      clientId: row["client_id"] == null ? undefined : String(row["client_id"]),
      sensitive: row["sensitive"] == null ? undefined : String(row["sensitive"]),
    };
  }

  renewLeases(attempts: readonly { jobId: string; attempt: number }[], leaseMs: number): void {
    for (const { jobId, attempt } of attempts) {
      this.#sql.run(
        "UPDATE jobs SET lease_until = ? WHERE id = ? AND attempt = ? AND state = 'running'",
        Date.now() + leaseMs,
        Number(jobId),
        attempt,
      );
    }
  }

  finish(jobId: string, attempt: number, finish: Finish): boolean {
    const row = this.#running(jobId, attempt);
    if (row === undefined) return false;
    assertTransition("running", finish.state);
    const id = Number(jobId);
    const promptId = String(row["prompt_id"]);
    this.#sql.run(
      `UPDATE jobs SET state = ?, outputs = ?, status = ?, meta = ?, error = ?, node_times = ?, outputs_count = ?,
         previewable_count = ?, preview_output = ?, started_at = COALESCE(?, started_at), ended_at = ?,
         lease_until = NULL, sensitive = NULL, unclean_stops = 0,
         quarantined = CASE ?1 WHEN 'completed' THEN 0 ELSE quarantined END, history_position = ? WHERE id = ?`,
      finish.state,
      finish.outputs,
      finish.status,
      finish.meta,
      finish.error ?? null,
      finish.nodeTimes,
      finish.outputsCount,
      finish.previewableCount,
      finish.previewOutput ?? null,
      finish.startedAt ?? null,
      finish.endedAt,
      this.#historyPosition(promptId, String(row["owner"])),
      id,
    );
    this.#events.addOfJob(`job.${finish.state}`, id, { prompt_id: promptId, attempt });
    return true;
  }

  /** A prompt id that its owner uses again keeps its place in history; the older entry leaves it. */
  #historyPosition(promptId: string, owner: string): number {
    const older = this.#sql.get(
      // Left to itself, SQLite walks through the whole history of the owner.
      `SELECT id, history_position FROM jobs INDEXED BY jobs_by_prompt
       WHERE prompt_id = ? AND owner = ? AND history_position IS NOT NULL`,
      promptId,
      owner,
    );
    if (older !== undefined) {
      this.#sql.run("UPDATE jobs SET history_position = NULL WHERE id = ?", Number(older["id"]));
      return Number(older["history_position"]);
    }
    const last = this.#sql.get(
      "SELECT MAX(history_position) AS last FROM jobs WHERE history_position IS NOT NULL",
    );
    return Number(last?.["last"] ?? 0) + 1;
  }

  requeue(jobId: string, attempt: number, reason: string): "queued" | "failed" | "late" {
    const row = this.#running(jobId, attempt);
    if (row === undefined) return "late";
    const id = Number(jobId);
    const stops = Number(row["unclean_stops"]) + 1;
    if (stops >= QUARANTINE_AT) {
      this.#sql.run("UPDATE jobs SET unclean_stops = ?, quarantined = 1 WHERE id = ?", stops, id);
      this.#events.addOfJob("job.quarantined", id, { prompt_id: row["prompt_id"], attempt, reason });
      return "failed";
    }
    this.#queueAgain(id, stops, { prompt_id: row["prompt_id"], attempt, reason });
    return "queued";
  }

  handBack(jobId: string, attempt: number): boolean {
    const row = this.#running(jobId, attempt);
    if (row === undefined) return false;
    const event = { prompt_id: row["prompt_id"], attempt, reason: "server stopped" };
    this.#queueAgain(Number(jobId), Number(row["unclean_stops"]), event);
    return true;
  }

  #queueAgain(id: number, uncleanStops: number, event: Record<string, unknown>): void {
    assertTransition("running", "queued");
    this.#sql.run(
      `UPDATE jobs SET state = 'queued', worker_id = NULL, lease_until = NULL, started_at = NULL, unclean_stops = ?
       WHERE id = ?`,
      uncleanStops,
      id,
    );
    this.#events.addOfJob("job.requeued", id, event);
  }

  #running(jobId: string, attempt: number): Row | undefined {
    return this.#sql.get(
      "SELECT prompt_id, owner, unclean_stops FROM jobs WHERE id = ? AND attempt = ? AND state = 'running'",
      Number(jobId),
      attempt,
    );
  }

  /** Notes that the store is closed in order, so that the next `recover` counts no unclean stop. */
  closed(): void {
    this.#sql.run("INSERT OR REPLACE INTO counters (name, value) VALUES ('clean_stop', 1)");
  }

  recover(): InterruptedJob[] {
    const clean = this.#sql.run("DELETE FROM counters WHERE name = 'clean_stop'").changes > 0;
    return this.#sql
      .all(
        `UPDATE jobs SET unclean_stops = unclean_stops + ? WHERE state = 'running'
         RETURNING id, owner, prompt_id, attempt, client_id, worker_id`,
        clean ? 0 : 1,
      )
      .map((row) => ({
        id: String(row["id"]),
        owner: String(row["owner"]),
        promptId: String(row["prompt_id"]),
        attempt: Number(row["attempt"]),
        clientId: row["client_id"] == null ? undefined : String(row["client_id"]),
        workerId: row["worker_id"] == null ? undefined : String(row["worker_id"]),
      }));
  }

  /** `promptId` absent: all that wait. */
  cancel(promptId?: string, owner?: string): number {
    const rows = this.#sql.all(
      `UPDATE jobs SET state = 'cancelled', ended_at = ?1, sensitive = NULL, history_deleted = 1
       WHERE state = 'queued' AND (?2 IS NULL OR prompt_id = ?2) AND (?3 IS NULL OR owner = ?3)
       RETURNING id, prompt_id`,
      Date.now(),
      promptId ?? null,
      owner ?? null,
    );
    for (const row of rows)
      this.#events.addOfJob("job.cancelled", Number(row["id"]), { prompt_id: row["prompt_id"] });
    return rows.length;
  }

  /** Ends what waits or runs as stalled, without a time of its end; gives how many there were. */
  stallAll(): number {
    const rows = this.#sql.all(
      "SELECT id, prompt_id, owner, state FROM jobs WHERE state IN ('queued', 'running') ORDER BY id",
    );
    for (const row of rows) {
      assertTransition(row["state"] as JobState, "stalled");
      const id = Number(row["id"]);
      const promptId = String(row["prompt_id"]);
      this.#sql.run(
        `UPDATE jobs SET state = 'stalled', lease_until = NULL, sensitive = NULL, outputs = '{}', meta = '{}',
           status = ?, history_position = ? WHERE id = ?`,
        '{"status_str": "error", "completed": false, "messages": []}',
        this.#historyPosition(promptId, String(row["owner"])),
        id,
      );
      this.#events.addOfJob("job.stalled", id, { prompt_id: promptId });
    }
    return rows.length;
  }

  /** `promptId` absent: the whole history. */
  deleteHistory(promptId?: string, owner?: string): void {
    this.#sql.run(
      `UPDATE jobs SET history_position = NULL, history_deleted = 1
       WHERE state NOT IN ('accepted', 'uploaded', 'queued', 'running') AND history_deleted = 0
         AND (?1 IS NULL OR prompt_id = ?1) AND (?2 IS NULL OR owner = ?2)`,
      promptId ?? null,
      owner ?? null,
    );
  }

  saveNodes(key: string, text: string): void {
    this.#sql.run("INSERT OR REPLACE INTO node_classes (key, text) VALUES (?, ?)", key, text);
  }
}
