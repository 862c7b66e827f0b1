/**
 * How many records a question finds in all. Counting reads an entry of each, which for a long history takes longer than
 * the page itself; the answer is kept until something happens to a job, of which the event log tells.
 */
import type { SQLInputValue } from "node:sqlite";
import type { Statements } from "./statements.ts";

/** Several people leaf through pages of several kinds at once; more are counted again. */
const MAX_KEPT = 64;

export class RecordTotals {
  readonly #sql: Statements;
  readonly #kept = new Map<string, number>();
  #countedAt = -1;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** What was counted may not hold any more. */
  forget(): void {
    this.#kept.clear();
  }

  /** `question`: a FROM clause with its conditions. */
  count(question: string, values: readonly SQLInputValue[]): number {
    const newest = Number(this.#sql.get("SELECT MAX(seq) AS seq FROM events")?.["seq"] ?? 0);
    if (newest !== this.#countedAt || this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#countedAt = newest;
    const key = [question, ...values].join("\n");
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const total = Number(this.#sql.get(`SELECT COUNT(*) AS n FROM ${question}`, ...values)?.["n"]);
    this.#kept.set(key, total);
    return total;
  }
}
