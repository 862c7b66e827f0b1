import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { openSqliteStore } from "@hearth/jobs";
import type { JsonObject } from "@hearth/protocol";
import { tellMigrations } from "./migrations.ts";

test("S-25 a database whose schema grew since the last start is told once", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-migrations-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = path.join(folder, "assets.db");
  const raise = (version: number): void => {
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
  };
  const told: [string, JsonObject][] = [];
  const start = (): Promise<void> =>
    tellMigrations({
      files: [path.join(folder, "hearth.db"), file, path.join(folder, "none.db")],
      documents: store.documents,
      emit: async (type, data) => void told.push([type, data]),
    });
  raise(2);
  await start();
  await start();
  assert.deepEqual(told, [], "new databases were not migrated");
  raise(4);
  await start();
  await start();
  assert.deepEqual(told, [["system.migration", { database: "assets.db", from: 2, to: 4 }]]);
});

test("a hub that dies before the note is written tells it again", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-migrations-"));
  const file = path.join(folder, "hearth.db");
  const store = await openSqliteStore(file);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await store.documents.put("schema_versions", "hearth.db", '{"version": 0}');
  const { documents } = store;
  const dies = tellMigrations({ files: [file], documents, emit: () => Promise.reject(new Error("gone")) });
  await assert.rejects(dies, /gone/);
  const told: string[] = [];
  await tellMigrations({ files: [file], documents, emit: async (type) => void told.push(type) });
  assert.deepEqual(told, ["system.migration"]);
});
