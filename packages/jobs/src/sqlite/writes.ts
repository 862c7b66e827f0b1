/** The transactions that change jobs. Each runs inside the commit queue; see the port for what they promise. */
import type { DatabaseSync } from "node:sqlite";
import { floatText } from "@hearth/protocol";
import { NoSuchHeadError, PromptIdInUseError } from "../errors.ts";
import type {
  AcceptedJob,
  Choose,
  ClaimedJob,
  Finish,
  InterruptedJob,
  NewJob,
  QueueHead,
  Retry,
} from "../job.ts";
import { assertTransition, type JobState } from "../states.ts";
import { eventSubject, type EventRows } from "./event-rows.ts";
import { Needs } from "./needs.ts";
import type { QueueHeads } from "./queue-heads.ts";
import { optional, queuedJob, retriesOf, type Row } from "./rows.ts";
import { Statements } from "./statements.ts";

/** A job that was running at this many unclean stops in a row is never tried again by itself. */
const QUARANTINE_AT = 2;

export class JobWrites {
  readonly #sql: Statements;
  readonly #events: EventRows;
  readonly #needs: Needs;
  readonly #heads: QueueHeads;

  constructor(database: DatabaseSync, events: EventRows, heads: QueueHeads) {
    this.#sql = new Statements(database);
    this.#needs = new Needs(database);
    this.#heads = heads;
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
    const needsId = this.#needs.id(job.needs);
    const { lastInsertRowid } = this.#sql.run(
      `INSERT INTO jobs (prompt_id, state, owner, number, number_text, prompt, extra_data, sensitive,
         outputs_to_execute, client_id, workflow_id, created_at, surface, details, needs_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      needsId,
    );
    const id = Number(lastInsertRowid);
    this.#sql.run("INSERT OR IGNORE INTO owners (owner, served) VALUES (?, 0)", job.owner);
    if (state === "queued") this.#heads.added(job.owner, needsId, counted);
    this.#events.addOfJob(
      `job.${state}`,
      id,
      { prompt_id: job.promptId },
      {
        promptId: job.promptId,
        owner: job.owner,
        surface: job.surface ?? "comfy",
        details: job.details,
        startedAt: undefined,
        endedAt: undefined,
        error: undefined,
      },
    );
    return { id: String(id), promptId: job.promptId, number: numberText, isNew: true };
  }

  takeNumber(): number {
    const row = this.#sql.get(
      `INSERT INTO counters (name, value) VALUES ('number', 1)
       ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`,
    );
    return Number(row?.["value"]) - 1;
  }

  claim(workerId: string, leaseMs: number, choose?: Choose): ClaimedJob | undefined {
    const next = this.#next(choose);
    if (next === undefined) return undefined;
    const now = Date.now();
    const row = this.#sql.get(
      `UPDATE jobs SET state = 'running', attempt = attempt + 1, worker_id = ?, lease_until = ?, started_at = ?, because = ?
       WHERE id = ? AND state = 'queued'
       RETURNING id, prompt_id, number_text, prompt, extra_data, outputs_to_execute, owner, attempt, client_id, sensitive,
         retries, surface, details, started_at, (SELECT text FROM needs WHERE needs.id = needs_id) AS needs`,
      workerId,
      now + leaseMs,
      now,
      next.because ?? null,
      Number(next.head.id),
    );
    if (row === undefined) return undefined;
    this.#heads.taken(next.head);
    const attempt = Number(row["attempt"]);
    const data = { prompt_id: row["prompt_id"], attempt, worker: workerId };
    const because = next.because === undefined ? {} : { because: next.because };
    this.#events.addOfJob("job.started", next.head.id, { ...data, ...because }, eventSubject(row));
    return {
      ...queuedJob(row),
      owner: String(row["owner"]),
      attempt,
      clientId: optional(row["client_id"]),
      sensitive: optional(row["sensitive"]),
      needs: optional(row["needs"]),
      retries: retriesOf(row),
    };
  }

  /** The job that runs next. @throws NoSuchHeadError */
  #next(choose: Choose = ([first]) => first): { head: QueueHead; because?: string } | undefined {
    for (const heads of this.#heads.inTurn()) {
      const chosen = choose(heads);
      if (chosen === undefined) continue;
      const head = heads.find(({ id }) => id === chosen.id);
      if (head === undefined) throw new NoSuchHeadError(chosen.id);
      return chosen.because === undefined ? { head } : { head, because: chosen.because };
    }
    return undefined;
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
    const before = eventSubject(row);
    const { promptId, owner } = before;
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
      this.#historyPosition(promptId, owner),
      id,
    );
    this.#events.addOfJob(
      `job.${finish.state}`,
      id,
      { prompt_id: promptId, attempt },
      {
        ...before,
        startedAt: finish.startedAt ?? before.startedAt,
        endedAt: finish.endedAt,
        error: finish.error,
      },
    );
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

  requeue(
    jobId: string,
    attempt: number,
    { kind, text, isStop }: { readonly kind: string; readonly text: string; readonly isStop: boolean },
  ): "queued" | "failed" | "late" {
    const row = this.#running(jobId, attempt);
    if (row === undefined) return "late";
    const id = Number(jobId);
    const data = { prompt_id: row["prompt_id"], attempt, kind, reason: text };
    const stops = Number(row["unclean_stops"]) + (isStop ? 1 : 0);
    if (isStop && stops >= QUARANTINE_AT) {
      this.#sql.run("UPDATE jobs SET unclean_stops = ?, quarantined = 1 WHERE id = ?", stops, id);
      this.#events.addOfJob("job.quarantined", id, data);
      return "failed";
    }
    const retry: Retry = { attempt, workerId: optional(row["worker_id"]), kind, text, at: Date.now() };
    this.#sql.run("UPDATE jobs SET retries = ? WHERE id = ?", JSON.stringify([...retriesOf(row), retry]), id);
    this.#queueAgain(id, row, stops, data);
    return "queued";
  }

  handBack(jobId: string, attempt: number): boolean {
    const row = this.#running(jobId, attempt);
    if (row === undefined) return false;
    const event = { prompt_id: row["prompt_id"], attempt, reason: "server stopped" };
    this.#queueAgain(Number(jobId), row, Number(row["unclean_stops"]), event);
    return true;
  }

  #queueAgain(id: number, row: Row, uncleanStops: number, event: Record<string, unknown>): void {
    assertTransition("running", "queued");
    this.#sql.run(
      `UPDATE jobs SET state = 'queued', worker_id = NULL, lease_until = NULL, started_at = NULL, because = NULL,
         unclean_stops = ? WHERE id = ?`,
      uncleanStops,
      id,
    );
    this.#heads.added(String(row["owner"]), Number(row["needs_id"]));
    this.#events.addOfJob("job.requeued", id, event);
  }

  #running(jobId: string, attempt: number): Row | undefined {
    return this.#sql.get(
      `SELECT prompt_id, owner, unclean_stops, worker_id, needs_id, retries, surface, details, started_at FROM jobs
       WHERE id = ? AND attempt = ? AND state = 'running'`,
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
    const named = promptId === undefined ? "" : " AND prompt_id = ?";
    const whose = owner === undefined ? "" : " AND owner = ?";
    const rows = this.#sql.all(
      `UPDATE jobs SET state = 'cancelled', ended_at = ?, sensitive = NULL, history_deleted = 1
       WHERE state = 'queued'${named}${whose} RETURNING id, prompt_id`,
      Date.now(),
      ...(promptId === undefined ? [] : [promptId]),
      ...(owner === undefined ? [] : [owner]),
    );
    if (rows.length > 0) this.#heads.forget();
    for (const row of rows)
      this.#events.addOfJob("job.cancelled", Number(row["id"]), { prompt_id: row["prompt_id"] });
    return rows.length;
  }

  /** Ends what waits or runs as stalled, without a time of its end; gives how many there were. */
  stallAll(): number {
    const rows = this.#sql.all(
      "SELECT id, prompt_id, owner, state FROM jobs WHERE state IN ('queued', 'running') ORDER BY id",
    );
    this.#heads.forget();
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
