/**
 * Text search over ended jobs: an FTS5 table that follows the event log behind a cursor, so that accepting and ending a
 * job cost nothing for it, and a crash leaves at most something to catch up with.
 */
import type { DatabaseSync } from "node:sqlite";
import { isJsonObject, type JsonValue, parseJson } from "@hearth/protocol";
import { Statements } from "./statements.ts";

/** Characters of one job that can be found; what a job shows beyond is rarely what people type. */
const MAX_TEXT = 16_384;
const CURSOR = "searched_events";

export class JobSearch {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  /** Takes in the next `limit` events; false when there are no more. Part of a transaction. */
  catchUp(limit: number): boolean {
    const cursor = this.seen();
    const rows = this.#sql.all(
      "SELECT seq, type, job_id FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
      cursor,
      limit,
    );
    const last = rows.at(-1)?.["seq"];
    if (last == null) return false;
    for (const { type, job_id } of rows) if (job_id != null) this.#follow(String(type), Number(job_id));
    this.#sql.run(`INSERT OR REPLACE INTO counters (name, value) VALUES ('${CURSOR}', ?)`, last);
    return rows.length === limit;
  }

  /** The number of the last event that was taken in; 0: none was. */
  seen(): number {
    return Number(this.#sql.get(`SELECT value FROM counters WHERE name = '${CURSOR}'`)?.["value"] ?? 0);
  }

  #follow(type: string, id: number): void {
    if (type === "job.deleted") this.#sql.run("DELETE FROM job_texts WHERE rowid = ?", id);
    if (!/^job\.(completed|failed|cancelled|stalled)$/.test(type)) return;
    const row = this.#sql.get("SELECT prompt_id, prompt, details, outputs, error FROM jobs WHERE id = ?", id);
    if (row === undefined) return;
    const words = [String(row["prompt_id"])];
    for (const column of ["details", "error", "prompt", "outputs"]) collect(row[column], words);
    const text = words.join("\n").slice(0, MAX_TEXT);
    this.#sql.run("INSERT OR REPLACE INTO job_texts (rowid, text) VALUES (?, ?)", id, text);
  }
}

/** All texts of a JSON text, and numbers that people look for: seeds. */
function collect(json: string | number | null | undefined, words: string[]): void {
  if (typeof json !== "string") return;
  let value: JsonValue;
  try {
    value = parseJson(json);
  } catch {
    words.push(json);
    return;
  }
  const walk = (item: JsonValue): void => {
    if (typeof item === "string") words.push(item);
    else if (typeof item === "bigint" || (Number.isInteger(item) && Math.abs(Number(item)) >= 10_000)) {
      words.push(String(item));
    } else if (Array.isArray(item)) {
      // A link to another node says nothing.
      const isLink = item.length === 2 && typeof item[0] === "string" && typeof item[1] === "number";
      if (!isLink) item.forEach(walk);
    } else if (isJsonObject(item)) Object.values(item).forEach(walk);
  };
  walk(value);
}

/** What people type as an FTS5 query: every word must occur, each may be the beginning of one. Undefined: no word. */
export function searchQuery(text: string): string | undefined {
  const words = text.match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu);
  return words?.map((word) => `"${word}"*`).join(" ");
}
