/** One connection to the asset database, with its prepared statements. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { migrate } from "./migrations.ts";

/** Texts of statements differ with the shape of a filter; beyond this many the oldest are dropped. */
const MAX_STATEMENTS = 200;

export type Row = Record<string, string | number | null>;

export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens `file`, makes it where there is none, and brings it up to date. */
  constructor(file: string) {
    mkdirSync(path.dirname(file), { recursive: true });
    this.#database = new DatabaseSync(file);
    // The catalogue can be found again from the files, so a power cut may take the last moments of it.
    this.#database.exec(`
      PRAGMA busy_timeout = 10000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -32000;
      PRAGMA mmap_size = 2147418112;
      PRAGMA foreign_keys = ON;
      PRAGMA temp_store = MEMORY;
    `);
    migrate(this.#database);
  }

  /** The rows of a query. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  /** The first row of a query. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined;
  }

  /** One number of the first row: its column `n`. */
  number(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.get(sql, ...values)?.["n"] ?? 0);
  }

  /** Changes rows; how many, and the key of the last one inserted. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; key: number } {
    const { changes, lastInsertRowid } = this.#prepared(sql).run(...values);
    return { changes: Number(changes), key: Number(lastInsertRowid) };
  }

  /** Runs `work` in one transaction that writes. */
  write<T>(work: () => T): T {
    return this.#transaction("BEGIN IMMEDIATE", work);
  }

  /** The same for what changes which assets a filter may give. */
  change<T>(work: () => T): T {
    return this.write(() => {
      const value = work();
      this.run("UPDATE revision SET n = n + 1");
      return value;
    });
  }

  /** Runs `work` on one state of the data. */
  read<T>(work: () => T): T {
    return this.#transaction("BEGIN", work);
  }

  /** Grows with every `change`. */
  get revision(): number {
    return this.number("SELECT n FROM revision");
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #transaction<T>(begin: string, work: () => T): T {
    this.#database.exec(begin);
    try {
      const value = work();
      this.#database.exec("COMMIT");
      return value;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    if (this.#statements.size >= MAX_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(sql, statement);
    return statement;
  }
}
