/** The texts that say what jobs need, each kept once. */
import type { DatabaseSync } from "node:sqlite";
import { Statements } from "./statements.ts";

export class Needs {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  /** The number of a text, which it gets here if it is new; 0: no needs given. Part of a transaction. */
  id(text: string | undefined): number {
    if (text === undefined) return 0;
    const known = this.#sql.get("SELECT id FROM needs WHERE text = ?", text);
    if (known !== undefined) return Number(known["id"]);
    return Number(this.#sql.run("INSERT INTO needs (text) VALUES (?)", text).lastInsertRowid);
  }
}
