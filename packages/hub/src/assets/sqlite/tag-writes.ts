/** Changing the tags of assets. Every function expects to run inside a transaction. */
import type { TagOrigin } from "../asset.ts";
import { nowMicros } from "../times.ts";
import type { Connection } from "./connection.ts";
import { ownedRow } from "./lookup.ts";

type Tags = readonly { readonly name: string; readonly origin: TagOrigin }[];

export function addTags(
  connection: Connection,
  id: string,
  viewer: string,
  tags: readonly string[],
): { added: string[]; alreadyPresent: string[]; total: string[] } {
  const key = Number(ownedRow(connection, id, viewer)["key"]);
  const before = new Set(tagsOf(connection, key));
  const added = tags.filter((tag) => !before.has(tag));
  attachTags(
    connection,
    key,
    added.map((name) => ({ name, origin: "manual" })),
    nowMicros(),
  );
  const alreadyPresent = tags.filter((tag) => before.has(tag));
  return { added: added.sort(), alreadyPresent: alreadyPresent.sort(), total: tagsOf(connection, key) };
}

export function removeTags(
  connection: Connection,
  id: string,
  viewer: string,
  tags: readonly string[],
): { removed: string[]; notPresent: string[]; total: string[] } {
  const key = Number(ownedRow(connection, id, viewer)["key"]);
  const before = new Set(tagsOf(connection, key));
  const removed = tags.filter((tag) => before.has(tag));
  for (const tag of removed) {
    connection.run(
      "DELETE FROM asset_tags WHERE asset = ? AND tag = (SELECT key FROM tags WHERE name = ?)",
      key,
      tag,
    );
  }
  const notPresent = tags.filter((tag) => !before.has(tag));
  return { removed: removed.sort(), notPresent: notPresent.sort(), total: tagsOf(connection, key) };
}

/** Adds tags; those that are there stay as they are. */
export function attachTags(connection: Connection, asset: number, tags: Tags, now: number): void {
  for (const { name, origin } of tags) {
    connection.run("INSERT INTO tags (name) VALUES (?) ON CONFLICT DO NOTHING", name);
    connection.run(
      `INSERT INTO asset_tags (asset, tag, origin, added_at, visible_to)
       SELECT a.key, n.key, ?, ?, a.visible_to FROM assets a, tags n WHERE a.key = ? AND n.name = ?
       ON CONFLICT DO NOTHING`,
      origin,
      now,
      asset,
      name,
    );
  }
}

function tagsOf(connection: Connection, asset: number): string[] {
  return connection
    .all(
      "SELECT n.name FROM asset_tags t JOIN tags n ON n.key = t.tag WHERE t.asset = ? ORDER BY n.name",
      asset,
    )
    .map((row) => String(row["name"]));
}
