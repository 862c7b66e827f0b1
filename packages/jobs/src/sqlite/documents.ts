/** Documents in SQLite. */
import type { DatabaseSync } from "node:sqlite";
import type { StoredDocument } from "../documents.ts";
import type { Row } from "./rows.ts";
import { Statements } from "./statements.ts";

function document(row: Row): StoredDocument {
  return { key: String(row["key"]), text: String(row["text"]), updatedAt: Number(row["updated_at"]) };
}

export class Documents {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  get(collection: string, key: string): StoredDocument | undefined {
    const row = this.#sql.get(
      "SELECT key, text, updated_at FROM documents WHERE collection = ? AND key = ?",
      collection,
      key,
    );
    return row === undefined ? undefined : document(row);
  }

  list(collection: string): StoredDocument[] {
    return this.#sql
      .all("SELECT key, text, updated_at FROM documents WHERE collection = ? ORDER BY key", collection)
      .map(document);
  }

  put(collection: string, key: string, text: string): void {
    this.#sql.run(
      "INSERT OR REPLACE INTO documents (collection, key, text, updated_at) VALUES (?, ?, ?, ?)",
      collection,
      key,
      text,
      Date.now(),
    );
  }

  add(collection: string, key: string, text: string): boolean {
    const { changes } = this.#sql.run(
      "INSERT OR IGNORE INTO documents (collection, key, text, updated_at) VALUES (?, ?, ?, ?)",
      collection,
      key,
      text,
      Date.now(),
    );
    return changes > 0;
  }

  remove(collection: string, key: string): boolean {
    const { changes } = this.#sql.run(
      "DELETE FROM documents WHERE collection = ? AND key = ?",
      collection,
      key,
    );
    return changes > 0;
  }
}
