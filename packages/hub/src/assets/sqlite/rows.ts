/** From rows to assets. */
import type { Asset, AssetFile, RootName } from "../asset.ts";
import type { Connection, Row } from "./connection.ts";

/** Columns of an asset `a` with its content `c` and its preview `p`. */
export const ASSET_COLUMNS = `
  a.key, a.id, a.owner, a.name, a.size, a.file_path, a.root, a.loader_path, a.display_path, a.preview_id,
  a.user_metadata, a.metadata, a.job_id, a.created_at, a.updated_at, a.last_access_time, c.hash, c.mime_type,
  p.root AS preview_root, p.display_path AS preview_path`;

export const ASSET_JOINS = `
  JOIN contents c ON c.key = a.content
  LEFT JOIN assets p ON p.id = a.preview_id AND p.visible_to IS NOT NULL`;

/** Rows in their order, each with its tags. */
export function assetsOf(connection: Connection, rows: readonly Row[]): Asset[] {
  if (rows.length === 0) return [];
  const keys = rows.map((row) => Number(row["key"]));
  const found = connection.all(
    `SELECT t.asset, n.name FROM asset_tags t JOIN tags n ON n.key = t.tag
     WHERE t.asset IN (SELECT value FROM json_each(?)) ORDER BY n.name`,
    JSON.stringify(keys),
  );
  const tags = new Map<number, string[]>(keys.map((key) => [key, []]));
  for (const row of found) tags.get(Number(row["asset"]))?.push(String(row["name"]));
  return rows.map((row) => assetOf(row, tags.get(Number(row["key"])) ?? []));
}

function assetOf(row: Row, tags: readonly string[]): Asset {
  const file = fileOf(row);
  const previewRoot = row["preview_root"];
  const previewFile =
    row["preview_id"] === null
      ? file
      : typeof previewRoot === "string"
        ? { root: previewRoot as RootName, displayPath: String(row["preview_path"]) }
        : undefined;
  return {
    id: String(row["id"]),
    owner: String(row["owner"]),
    name: String(row["name"]),
    hash: text(row["hash"]),
    size: Number(row["size"]),
    mimeType: text(row["mime_type"]),
    tags,
    file,
    previewId: text(row["preview_id"]),
    previewFile,
    userMetadata: String(row["user_metadata"]),
    metadata: text(row["metadata"]),
    jobId: text(row["job_id"]),
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
    lastAccessTime: Number(row["last_access_time"]),
  };
}

/** The file of a row that has `file_path`, `root`, `loader_path` and `display_path`. */
export function fileOf(row: Row): AssetFile | undefined {
  if (row["file_path"] == null) return undefined;
  return {
    path: String(row["file_path"]),
    root: row["root"] as RootName,
    loaderPath: String(row["loader_path"]),
    displayPath: String(row["display_path"]),
  };
}

export function text(value: string | number | null | undefined): string | undefined {
  return value == null ? undefined : String(value);
}
