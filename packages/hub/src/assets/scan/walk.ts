/** Walking a root: every file that can be an asset, one after the other. */
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { contentTypeOf } from "../../files/content-types.ts";
import type { AssetFile, RootName } from "../asset.ts";
import { type AssetRoots, isInside, locate } from "../roots.ts";
import type { FoundFile } from "../sqlite/scan-writes.ts";

/** Deeper nesting is a loop of links in all likelihood. */
const MAX_LEVELS = 32;

/** The directories that a root consists of. */
export function directoriesOf(roots: AssetRoots, root: RootName): string[] {
  if (root !== "models") return [roots[root]];
  return [...new Set(roots.types.flatMap(({ directories }) => directories))];
}

/**
 * Files below the directories of a root. Hidden files and folders are left out: uploads in the making are hidden. A link
 * is followed when what it leads to lies in the root, in `models` wherever it leads.
 */
export async function* walkRoot(roots: AssetRoots, root: RootName): AsyncGenerator<FoundFile> {
  for (const directory of directoriesOf(roots, root)) yield* walk(roots, root, directory, []);
}

async function* walk(
  roots: AssetRoots,
  root: RootName,
  directory: string,
  above: readonly string[],
): AsyncGenerator<FoundFile> {
  const real = await realpath(directory).catch(() => undefined);
  // Through links one comes round again.
  if (real === undefined || above.includes(real) || above.length >= MAX_LEVELS) return;
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const place = path.join(directory, entry.name);
    if (entry.isDirectory()) yield* walk(roots, root, place, [...above, real]);
    else if (entry.isFile() || entry.isSymbolicLink())
      yield* one(roots, root, place, entry, [...above, real]);
  }
}

async function* one(
  roots: AssetRoots,
  root: RootName,
  place: string,
  entry: Dirent,
  above: readonly string[],
): AsyncGenerator<FoundFile> {
  const stats = await stat(place, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    if (root === "models") yield* walk(roots, root, place, above);
    return;
  }
  const located = stats.isFile() ? locate(roots, place) : undefined;
  if (located === undefined || located.tags.length === 0) return;
  if (entry.isSymbolicLink() && !(await isInside(roots, located.file))) return;
  yield found(located.file, located.tags, Number(stats.size), stats.mtimeNs.toString());
}

function found(file: AssetFile, tags: readonly string[], size: number, mtimeNs: string): FoundFile {
  const name = path.basename(file.path);
  return { file, name, mimeType: contentTypeOf(name), tags, size, mtimeNs };
}
