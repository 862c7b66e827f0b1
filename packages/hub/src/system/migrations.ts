/**
 * Tells when a database was brought to a newer schema: `system.migration`. The opening of a database migrates it and
 * says nothing, so the version that was there last is noted beside the data.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DocumentStore } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson, printJson, toNumber } from "@hearth/protocol";

export interface MigrationParts {
  /** SQLite files, opened and migrated; those that are not there are left out */
  readonly files: readonly string[];
  readonly documents: Pick<DocumentStore, "get" | "put">;
  readonly emit: (type: string, data: JsonObject) => Promise<void>;
}

const COLLECTION = "schema_versions";

/**
 * Emits one event for each database whose schema is newer than at the last start. The note is written after the event:
 * a hub that dies in between tells it twice rather than never.
 */
export async function tellMigrations({ files, documents, emit }: MigrationParts): Promise<void> {
  for (const file of files.filter((name) => existsSync(name))) {
    const database = path.basename(file);
    const to = schemaVersion(file);
    const from = noted((await documents.get(COLLECTION, database))?.text);
    if (from === to) continue;
    if (from !== undefined && from < to) await emit("system.migration", { database, from, to });
    await documents.put(COLLECTION, database, printJson({ version: to }));
  }
}

function noted(text: string | undefined): number | undefined {
  const note = text === undefined ? undefined : parseJson(text);
  const version = isJsonObject(note) ? note["version"] : undefined;
  return version === undefined ? undefined : toNumber(version);
}

function schemaVersion(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
    return row.user_version;
  } finally {
    database.close();
  }
}
