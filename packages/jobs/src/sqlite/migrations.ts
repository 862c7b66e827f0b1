/** The schema, step by step. A step that has landed is never changed. */
import type { DatabaseSync } from "node:sqlite";
import { NewerSchemaError } from "../errors.ts";

const STEPS: readonly string[] = [
  `
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    prompt_id TEXT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    number REAL NOT NULL,
    number_text TEXT NOT NULL,
    prompt TEXT NOT NULL,
    extra_data TEXT NOT NULL,
    sensitive TEXT,
    outputs_to_execute TEXT NOT NULL,
    client_id TEXT,
    workflow_id TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    worker_id TEXT,
    lease_until INTEGER,
    unclean_stops INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    outputs TEXT,
    status TEXT,
    meta TEXT,
    error TEXT,
    node_times TEXT,
    outputs_count INTEGER NOT NULL DEFAULT 0,
    previewable_count INTEGER NOT NULL DEFAULT 0,
    preview_output TEXT,
    -- place in history; NULL: not in it
    history_position INTEGER,
    history_deleted INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX jobs_by_prompt ON jobs (prompt_id, id);
  CREATE INDEX jobs_waiting ON jobs (number, prompt_id, id) WHERE state = 'queued';
  CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';
  CREATE INDEX jobs_in_history ON jobs (history_position) WHERE history_position IS NOT NULL;
  CREATE INDEX jobs_listed ON jobs (created_at) WHERE history_position IS NOT NULL;
  CREATE TABLE owners (owner TEXT PRIMARY KEY, served INTEGER NOT NULL);
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    job_id INTEGER,
    data TEXT NOT NULL
  );
  CREATE TABLE node_classes (key TEXT PRIMARY KEY, text TEXT NOT NULL);
  `,
  // A claim seeks the first job of each owner; a page of the list is found without reading the wide rows before it.
  `
  DROP INDEX jobs_listed;
  CREATE INDEX jobs_waiting_by_owner ON jobs (owner, number, prompt_id, id) WHERE state = 'queued';
  CREATE INDEX jobs_listed ON jobs (created_at, state)
    WHERE (state IN ('queued', 'running') OR history_position IS NOT NULL);
  CREATE INDEX jobs_listed_by_state ON jobs (state, created_at)
    WHERE (state IN ('queued', 'running') OR history_position IS NOT NULL);
  `,
  // Pages of one owner among many.
  `
  CREATE INDEX jobs_in_history_by_owner ON jobs (owner, history_position) WHERE history_position IS NOT NULL;
  CREATE INDEX jobs_listed_by_owner ON jobs (owner, created_at, state)
    WHERE (state IN ('queued', 'running') OR history_position IS NOT NULL);
  `,
  // Jobs of Studio and Control, events with words of their own, and small things beside the jobs.
  `
  ALTER TABLE jobs ADD COLUMN surface TEXT NOT NULL DEFAULT 'comfy';
  ALTER TABLE jobs ADD COLUMN details TEXT;
  CREATE INDEX jobs_by_surface ON jobs (surface, owner, id) WHERE surface <> 'comfy';
  ALTER TABLE events ADD COLUMN severity TEXT;
  ALTER TABLE events ADD COLUMN message TEXT;
  CREATE TABLE documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (collection, key)
  ) WITHOUT ROWID;
  `,
  // Pages, counts and text search of ended jobs; whose an event is.
  `
  ALTER TABLE events ADD COLUMN owner TEXT;
  UPDATE events SET owner = (SELECT owner FROM jobs WHERE jobs.id = events.job_id) WHERE job_id IS NOT NULL;
  CREATE INDEX jobs_ended ON jobs (id, state) WHERE state IN ('completed', 'failed', 'cancelled', 'stalled');
  CREATE INDEX jobs_ended_by_owner ON jobs (owner, id, state)
    WHERE state IN ('completed', 'failed', 'cancelled', 'stalled');
  CREATE INDEX jobs_by_studio_workflow ON jobs (details ->> '$.workflow_id', id, state)
    WHERE surface = 'studio' AND details IS NOT NULL;
  CREATE VIRTUAL TABLE job_texts USING fts5(
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
  );
  `,
  // What a job needs, as a number that jobs of one group share, so that a claim seeks the first job of each group of an
  // owner. One index of waiting jobs serves claims and lists. Of the listed jobs, those that wait or run have indexes of
  // their own, completed ones are most of `jobs_listed`, and only the others need one by their state.
  `
  CREATE TABLE needs (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  -- 0: none given
  ALTER TABLE jobs ADD COLUMN needs_id INTEGER NOT NULL DEFAULT 0;
  -- JSON; NULL: none
  ALTER TABLE jobs ADD COLUMN retries TEXT;
  ALTER TABLE jobs ADD COLUMN because TEXT;
  DROP INDEX jobs_waiting;
  DROP INDEX jobs_waiting_by_owner;
  DROP INDEX jobs_listed_by_state;
  CREATE INDEX jobs_waiting ON jobs (owner, needs_id, number, prompt_id, id) WHERE state = 'queued';
  CREATE INDEX jobs_unsuccessful ON jobs (state, created_at) WHERE history_position IS NOT NULL AND state <> 'completed';
  -- who waits and was never served: in the order in which they came
  INSERT OR IGNORE INTO owners (owner, served)
    SELECT owner, 0 FROM jobs WHERE state IN ('accepted', 'uploaded', 'queued') GROUP BY owner ORDER BY MIN(id);
  `,
];

/** What a database of this version of the code says as its `user_version`. */
export const SCHEMA_VERSION = STEPS.length;

/** Brings a database up to date, each step in one transaction. @throws NewerSchemaError */
export function migrate(database: DatabaseSync): void {
  const { user_version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  if (user_version > STEPS.length) throw new NewerSchemaError(user_version, STEPS.length);
  for (let step = user_version; step < STEPS.length; step += 1) {
    database.exec(`BEGIN IMMEDIATE; ${STEPS[step]}; PRAGMA user_version = ${step + 1}; COMMIT`);
  }
}
