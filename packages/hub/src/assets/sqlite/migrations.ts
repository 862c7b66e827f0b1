/**
 * The schema of `assets.db`, step by step. A step that has landed is never changed.
 *
 * `visible_to` is the owner while an asset is neither deleted nor missing, else NULL. It is kept on the asset and, by a
 * trigger, on each of its tags. The numbers of shown assets, all together and by tag, are kept by triggers too: they are
 * part of nearly every answer.
 */
import type { DatabaseSync } from "node:sqlite";
import { AssetError } from "../errors.ts";

const STEPS: readonly string[] = [
  `
  CREATE TABLE contents (
    key INTEGER PRIMARY KEY,
    hash TEXT UNIQUE,
    size INTEGER NOT NULL,
    mime_type TEXT,
    created_at INTEGER NOT NULL
  );
  CREATE TABLE assets (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    content INTEGER NOT NULL REFERENCES contents (key),
    owner TEXT NOT NULL,
    visible_to TEXT,
    name TEXT NOT NULL,
    -- lower case: names are searched in whatever case
    folded_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    file_path TEXT UNIQUE,
    root TEXT,
    loader_path TEXT,
    display_path TEXT,
    mtime_ns TEXT,
    -- 0: nothing was read from the file yet
    enriched INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0,
    deleted_at INTEGER,
    preview_id TEXT,
    user_metadata TEXT NOT NULL,
    metadata TEXT,
    job_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_access_time INTEGER NOT NULL
  );
  CREATE INDEX assets_by_created_at ON assets (created_at, id, visible_to) WHERE visible_to IS NOT NULL;
  CREATE INDEX assets_by_updated_at ON assets (updated_at, id, visible_to) WHERE visible_to IS NOT NULL;
  CREATE INDEX assets_by_name ON assets (name, id, visible_to) WHERE visible_to IS NOT NULL;
  CREATE INDEX assets_by_size ON assets (size, id, visible_to) WHERE visible_to IS NOT NULL;
  CREATE INDEX assets_by_last_access_time ON assets (last_access_time, id, visible_to) WHERE visible_to IS NOT NULL;
  CREATE INDEX assets_by_folded_name ON assets (folded_name, visible_to) WHERE visible_to IS NOT NULL;
  CREATE INDEX assets_by_content ON assets (content);
  CREATE INDEX assets_by_job ON assets (job_id) WHERE job_id IS NOT NULL;
  CREATE INDEX assets_by_root ON assets (root, key) WHERE file_path IS NOT NULL;
  CREATE INDEX assets_of_somebody ON assets (owner) WHERE owner <> '';
  CREATE INDEX assets_to_read ON assets (key) WHERE enriched = 0 AND visible_to IS NOT NULL;

  -- Names of shown assets: any three characters find them. Without its content: the names are in assets.
  CREATE VIRTUAL TABLE asset_names USING fts5 (
    name, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1'
  );
  CREATE TRIGGER asset_names_add AFTER INSERT ON assets WHEN NEW.visible_to IS NOT NULL BEGIN
    INSERT INTO asset_names (rowid, name) VALUES (NEW.key, NEW.folded_name);
  END;
  CREATE TRIGGER asset_names_change AFTER UPDATE OF folded_name, visible_to ON assets
  WHEN OLD.folded_name <> NEW.folded_name OR (OLD.visible_to IS NULL) <> (NEW.visible_to IS NULL)
  BEGIN
    DELETE FROM asset_names WHERE rowid = OLD.key;
    INSERT INTO asset_names (rowid, name) SELECT NEW.key, NEW.folded_name WHERE NEW.visible_to IS NOT NULL;
  END;
  CREATE TRIGGER asset_names_remove AFTER DELETE ON assets BEGIN
    DELETE FROM asset_names WHERE rowid = OLD.key;
  END;
  -- Grows with every change of which assets a filter may give; counts made at one value hold while it stands.
  CREATE TABLE revision (n INTEGER NOT NULL);
  INSERT INTO revision VALUES (0);
  CREATE TABLE totals (shown INTEGER NOT NULL);
  INSERT INTO totals VALUES (0);
  CREATE TRIGGER totals_add AFTER INSERT ON assets WHEN NEW.visible_to IS NOT NULL BEGIN
    UPDATE totals SET shown = shown + 1;
  END;
  CREATE TRIGGER totals_change AFTER UPDATE OF visible_to ON assets
  WHEN (OLD.visible_to IS NULL) <> (NEW.visible_to IS NULL) BEGIN
    UPDATE totals SET shown = shown + CASE WHEN NEW.visible_to IS NULL THEN -1 ELSE 1 END;
  END;
  CREATE TRIGGER totals_remove AFTER DELETE ON assets WHEN OLD.visible_to IS NOT NULL BEGIN
    UPDATE totals SET shown = shown - 1;
  END;

  CREATE TABLE tags (key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, shown INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE asset_tags (
    asset INTEGER NOT NULL REFERENCES assets (key) ON DELETE CASCADE,
    tag INTEGER NOT NULL REFERENCES tags (key),
    origin TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    visible_to TEXT,
    PRIMARY KEY (asset, tag)
  ) WITHOUT ROWID;
  CREATE INDEX asset_tags_by_tag ON asset_tags (tag, asset, visible_to) WHERE visible_to IS NOT NULL;
  CREATE TRIGGER asset_tags_add AFTER INSERT ON asset_tags WHEN NEW.visible_to IS NOT NULL BEGIN
    UPDATE tags SET shown = shown + 1 WHERE key = NEW.tag;
  END;
  CREATE TRIGGER asset_tags_change AFTER UPDATE OF visible_to ON asset_tags
  WHEN (OLD.visible_to IS NULL) <> (NEW.visible_to IS NULL) BEGIN
    UPDATE tags SET shown = shown + CASE WHEN NEW.visible_to IS NULL THEN -1 ELSE 1 END WHERE key = NEW.tag;
  END;
  CREATE TRIGGER asset_tags_remove AFTER DELETE ON asset_tags WHEN OLD.visible_to IS NOT NULL BEGIN
    UPDATE tags SET shown = shown - 1 WHERE key = OLD.tag;
  END;
  CREATE TRIGGER asset_tags_follow AFTER UPDATE OF visible_to ON assets WHEN OLD.visible_to IS NOT NEW.visible_to
  BEGIN
    UPDATE asset_tags SET visible_to = NEW.visible_to WHERE asset = NEW.key;
  END;

  CREATE TABLE asset_meta (
    asset INTEGER NOT NULL REFERENCES assets (key) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (asset, key, value)
  ) WITHOUT ROWID;
  CREATE INDEX asset_meta_by_value ON asset_meta (key, value, asset);
  `,
];

/** Brings a database up to date, each step in one transaction. @throws AssetError when a newer program wrote it */
export function migrate(database: DatabaseSync): void {
  const version = (): number =>
    (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
  if (version() > STEPS.length) {
    throw new AssetError(
      "NEWER_SCHEMA",
      503,
      `the asset database has schema ${version()}, this version knows up to ${STEPS.length}`,
    );
  }
  while (version() < STEPS.length) {
    database.exec("BEGIN IMMEDIATE");
    try {
      // Another thread may have taken the step while this one waited for the lock.
      const step = version();
      if (step < STEPS.length) database.exec(`${STEPS[step]}; PRAGMA user_version = ${step + 1};`);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }
}
