/** Finding one asset. */
import type { Asset } from "../asset.ts";
import { assetNotFound, notOwner } from "../errors.ts";
import { visibleTo } from "./conditions.ts";
import type { Connection, Row } from "./connection.ts";
import { ASSET_COLUMNS, ASSET_JOINS, assetsOf } from "./rows.ts";

/** A shown asset that `viewer` sees. */
export function getAsset(connection: Connection, id: string, viewer: string): Asset | undefined {
  const seen = visibleTo(viewer, "a");
  const row = connection.get(
    `SELECT ${ASSET_COLUMNS} FROM assets a ${ASSET_JOINS} WHERE a.id = ? AND ${seen.sql}`,
    id,
    ...seen.values,
  );
  return row === undefined ? undefined : assetsOf(connection, [row])[0];
}

/** The row of an asset that `viewer` may change. @throws AssetError */
export function ownedRow(connection: Connection, id: string, viewer: string): Row {
  const row = connection.get(
    `SELECT key, owner, file_path, root, loader_path, display_path FROM assets
     WHERE id = ? AND visible_to IS NOT NULL`,
    id,
  );
  if (row === undefined) throw assetNotFound(id);
  if (row["owner"] !== "" && row["owner"] !== viewer) throw notOwner(id);
  return row;
}
