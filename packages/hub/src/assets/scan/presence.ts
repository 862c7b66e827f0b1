/** Whether the file of an asset still is one. */
import { stat } from "node:fs/promises";
import type { RootName } from "../asset.ts";
import { type AssetRoots, isInside, locate } from "../roots.ts";

/** True when there is a file at `path` that really lies in its root. */
export async function isThere(roots: AssetRoots, root: RootName, path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile()) return false;
  const located = locate(roots, path);
  return located !== undefined && located.file.root === root && isInside(roots, located.file);
}
