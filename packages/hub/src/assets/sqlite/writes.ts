/** What changes the catalogue. Every function expects to run inside a transaction. */
import { randomUUID } from "node:crypto";
import type { Asset, AssetChanges, AssetFile, NewFileAsset, NewOccurrence } from "../asset.ts";
import type { Removed } from "../catalogue.ts";
import { assetNotFound, previewNotFound } from "../errors.ts";
import { nowMicros } from "../times.ts";
import { metadataEntries, withFilename } from "../user-metadata.ts";
import { folded, visibleTo } from "./conditions.ts";
import type { Connection } from "./connection.ts";
import { getAsset, ownedRow } from "./lookup.ts";
import { fileOf } from "./rows.ts";
import { attachTags } from "./tag-writes.ts";

export function addOccurrence(connection: Connection, given: NewOccurrence): Asset | undefined {
  const content = connection.get(
    `SELECT c.key, c.size FROM contents c WHERE c.hash = ?
     AND EXISTS (SELECT 1 FROM assets WHERE content = c.key AND file_path IS NOT NULL AND missing = 0)`,
    given.hash,
  );
  if (content === undefined) return undefined;
  checkPreview(connection, given.previewId, given.owner);
  if (given.mimeType !== undefined) {
    connection.run(
      "UPDATE contents SET mime_type = coalesce(mime_type, ?) WHERE key = ?",
      given.mimeType,
      content["key"] ?? null,
    );
  }
  const now = nowMicros();
  const id = insertAsset(connection, {
    content: Number(content["key"]),
    size: Number(content["size"]),
    given,
    file: undefined,
    now,
  });
  return getAsset(connection, id, given.owner);
}

export function putFile(connection: Connection, given: NewFileAsset): { asset: Asset; isNew: boolean } {
  checkPreview(connection, given.previewId, given.owner);
  const now = nowMicros();
  const { content, isNew } = contentFor(connection, given, now);
  const known = connection.get(
    "SELECT key, id, content, owner, visible_to FROM assets WHERE file_path = ?",
    given.file.path,
  );
  const isShown = known?.["visible_to"] === given.owner || known?.["visible_to"] === "";
  let id: string;
  if (known !== undefined && isShown) {
    id = String(known["id"]);
    const before = Number(known["content"]);
    replaceFile(connection, Number(known["key"]), given, { before, now: content }, now);
    dropContent(connection, before);
  } else {
    // A deleted asset of this path keeps its row; the file is another's now.
    if (known !== undefined) detachFile(connection, Number(known["key"]));
    id = insertAsset(connection, { content, size: given.size, given, file: given, now });
  }
  const asset = getAsset(connection, id, given.owner);
  if (asset === undefined) throw new Error(`asset ${id} was not found right after it was registered`);
  return { asset, isNew };
}

export function updateAsset(
  connection: Connection,
  id: string,
  viewer: string,
  changes: AssetChanges,
): Asset {
  const row = ownedRow(connection, id, viewer);
  const key = Number(row["key"]);
  const now = nowMicros();
  const { name, userMetadata, previewId } = changes;
  if (previewId !== undefined) {
    if (getAsset(connection, previewId, viewer) === undefined) throw previewNotFound(previewId, id);
    connection.run("UPDATE assets SET preview_id = ? WHERE key = ?", previewId, key);
  }
  if (name !== undefined) {
    connection.run("UPDATE assets SET name = ?, folded_name = ? WHERE key = ?", name, folded(name), key);
  }
  if (userMetadata !== undefined) {
    setMetadata(connection, key, withFilename(userMetadata, fileOf(row)?.loaderPath));
  }
  connection.run("UPDATE assets SET updated_at = ? WHERE key = ?", now, key);
  const asset = getAsset(connection, id, viewer);
  if (asset === undefined) throw assetNotFound(id);
  return asset;
}

export function removeAsset(
  connection: Connection,
  id: string,
  viewer: string,
  content: boolean,
): Removed | undefined {
  const seen = visibleTo(viewer, "a");
  const row = connection.get(
    `SELECT a.key, a.content FROM assets a WHERE a.id = ? AND ${seen.sql}`,
    id,
    ...seen.values,
  );
  if (row === undefined) return undefined;
  const contentKey = Number(row["content"]);
  connection.run(
    "UPDATE assets SET deleted_at = ?, visible_to = NULL WHERE key = ?",
    nowMicros(),
    row["key"] ?? null,
  );
  if (!content) return { files: [] };
  const isNeeded = connection.number(
    "SELECT count(*) AS n FROM assets WHERE content = ? AND deleted_at IS NULL",
    contentKey,
  );
  if (isNeeded > 0) return { files: [] };
  const files = connection
    .all("SELECT file_path, root, loader_path, display_path FROM assets WHERE content = ?", contentKey)
    .map(fileOf)
    .filter((file) => file !== undefined);
  connection.run("DELETE FROM assets WHERE content = ?", contentKey);
  connection.run("DELETE FROM contents WHERE key = ?", contentKey);
  return { files };
}

export function touch(connection: Connection, id: string): void {
  connection.run("UPDATE assets SET last_access_time = ? WHERE id = ?", nowMicros(), id);
}

/** Replaces user metadata and what it is found by. */
export function setMetadata(connection: Connection, asset: number, text: string): void {
  connection.run("UPDATE assets SET user_metadata = ? WHERE key = ?", text, asset);
  connection.run("DELETE FROM asset_meta WHERE asset = ?", asset);
  for (const { key, value } of metadataEntries(text)) {
    connection.run("INSERT INTO asset_meta (asset, key, value) VALUES (?, ?, ?)", asset, key, value);
  }
}

/** A content that no asset has any more goes. */
export function dropContent(connection: Connection, content: number): void {
  connection.run(
    "DELETE FROM contents WHERE key = ? AND NOT EXISTS (SELECT 1 FROM assets WHERE content = contents.key)",
    content,
  );
}

/** The key of a content, made when it is not there. */
export function contentFor(
  connection: Connection,
  given: { readonly hash: string | undefined; readonly size: number; readonly mimeType: string | undefined },
  now: number,
): { content: number; isNew: boolean } {
  if (given.hash !== undefined) {
    const known = connection.get("SELECT key FROM contents WHERE hash = ?", given.hash);
    if (known !== undefined) {
      const content = Number(known["key"]);
      const files = connection.number(
        "SELECT count(*) AS n FROM assets WHERE content = ? AND file_path IS NOT NULL AND missing = 0",
        content,
      );
      return { content, isNew: files === 0 };
    }
  }
  const { key } = connection.run(
    "INSERT INTO contents (hash, size, mime_type, created_at) VALUES (?, ?, ?, ?)",
    given.hash ?? null,
    given.size,
    given.mimeType ?? null,
    now,
  );
  return { content: key, isNew: true };
}

/** The row of a path stays, without its file. */
export function detachFile(connection: Connection, asset: number): void {
  connection.run(
    "UPDATE assets SET file_path = NULL, root = NULL, loader_path = NULL, display_path = NULL WHERE key = ?",
    asset,
  );
}

interface Insert {
  readonly content: number;
  readonly size: number;
  readonly given: NewOccurrence | NewFileAsset;
  readonly file: NewFileAsset | undefined;
  readonly now: number;
}

function insertAsset(connection: Connection, { content, size, given, file, now }: Insert): string {
  const id = randomUUID();
  const place: AssetFile | undefined = file?.file;
  const { key } = connection.run(
    `INSERT INTO assets (id, content, owner, visible_to, name, folded_name, size, file_path, root, loader_path,
       display_path, mtime_ns, enriched, preview_id, user_metadata, metadata, job_id, created_at, updated_at,
       last_access_time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, ?, ?, ?, ?)`,
    id,
    content,
    given.owner,
    given.owner,
    given.name,
    folded(given.name),
    size,
    place?.path ?? null,
    place?.root ?? null,
    place?.loaderPath ?? null,
    place?.displayPath ?? null,
    file?.mtimeNs ?? null,
    // A file that comes without a hash is read by the next scan.
    file === undefined || file.hash !== undefined ? 1 : 0,
    given.previewId ?? null,
    file?.metadata ?? null,
    file?.jobId ?? null,
    now,
    now,
    now,
  );
  setMetadata(connection, key, withFilename(given.userMetadata, place?.loaderPath));
  attachTags(connection, key, given.tags, now);
  return id;
}

/**
 * An asset's file was registered again. The same bytes change nothing that a user has set; other bytes are a new thing
 * under the old id.
 */
function replaceFile(
  connection: Connection,
  key: number,
  given: NewFileAsset,
  content: { readonly before: number; readonly now: number },
  now: number,
): void {
  if (content.before !== content.now) {
    connection.run(
      "UPDATE assets SET name = ?, folded_name = ? WHERE key = ?",
      given.name,
      folded(given.name),
      key,
    );
  }
  connection.run(
    `UPDATE assets SET content = ?, size = ?, mtime_ns = ?, metadata = ?, enriched = ?, missing = 0,
       job_id = coalesce(?, job_id), preview_id = coalesce(?, preview_id), updated_at = ? WHERE key = ?`,
    content.now,
    given.size,
    given.mtimeNs,
    given.metadata ?? null,
    given.hash === undefined ? 0 : 1,
    given.jobId ?? null,
    given.previewId ?? null,
    now,
    key,
  );
  if (given.userMetadata !== "{}") {
    setMetadata(connection, key, withFilename(given.userMetadata, given.file.loaderPath));
  }
  attachTags(connection, key, given.tags, now);
}

function checkPreview(connection: Connection, previewId: string | undefined, viewer: string): void {
  if (previewId !== undefined && getAsset(connection, previewId, viewer) === undefined) {
    throw previewNotFound(previewId);
  }
}
