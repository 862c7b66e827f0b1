/** Looking at a database without changing it, also while a hub uses it. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { NewerSchemaError } from "../errors.ts";
import { SCHEMA_VERSION } from "./migrations.ts";

export interface DatabaseFindings {
  readonly jobs: number;
  /** what SQLite finds wrong with the file; empty when nothing is */
  readonly damage: readonly string[];
}

/** `undefined` when there is no file yet. @throws NewerSchemaError, or SQLite's own error when it is no database */
export function inspectDatabase(file: string): DatabaseFindings | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (user_version > SCHEMA_VERSION) throw new NewerSchemaError(user_version, SCHEMA_VERSION);
    const damage = (database.prepare("PRAGMA quick_check(5)").all() as { quick_check: string }[])
      .map((row) => row.quick_check)
      .filter((line) => line !== "ok");
    if (user_version === 0) return { jobs: 0, damage };
    const { jobs } = database.prepare("SELECT COUNT(*) AS jobs FROM jobs").get() as { jobs: number };
    return { jobs, damage };
  } finally {
    database.close();
  }
}
