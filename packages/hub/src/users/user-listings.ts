/** Listings of a user's folder. Links that lead out of it are left out, like everything else outside. */
import { type Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { OutsideError, resolveInside } from "@hearth/protocol";
import { byCodePoint } from "../files/file-lists.ts";

/** Deeper nesting is a loop of links in all likelihood. */
const MAX_LEVELS = 32;

/** Something in a folder, links followed. */
export interface Entry {
  readonly name: string;
  readonly file: string;
  readonly isDirectory: boolean;
  /** it is a link */
  readonly isLink: boolean;
  /** bytes */
  readonly size: number;
  /** Unix milliseconds */
  readonly modifiedMs: number;
  /** Unix milliseconds */
  readonly createdMs: number;
}

/**
 * Files in `directory`, with `recurse` also below it, hidden ones left out; sorted by path. Empty when `directory` is a
 * file, `undefined` when it is nothing.
 */
export async function listFiles(
  root: string,
  directory: string,
  recurse: boolean,
): Promise<Entry[] | undefined> {
  if ((await stat(directory).catch(() => undefined)) === undefined) return undefined;
  const found: Entry[] = [];
  await walk(root, directory, (entry) => {
    if (entry.name.startsWith(".")) return false;
    if (!entry.isDirectory) found.push(entry);
    return recurse;
  });
  return found.sort((one, other) => byCodePoint(one.file, other.file));
}

/** Everything below `directory`, hidden things too: folders first, then by name without case. */
export async function listTree(root: string, directory: string): Promise<Entry[]> {
  const found: Entry[] = [];
  await walk(root, directory, (entry) => {
    found.push(entry);
    return !entry.isLink;
  });
  const order = (entry: Entry): string => `${entry.isDirectory ? 0 : 1}${entry.name.toLowerCase()}`;
  return found.sort(
    (one, other) => byCodePoint(order(one), order(other)) || byCodePoint(one.file, other.file),
  );
}

/** Visits all entries; `visit` says whether to go into a directory. */
async function walk(root: string, directory: string, visit: (entry: Entry) => boolean): Promise<void> {
  const into = async (at: string, above: readonly string[]): Promise<void> => {
    const real = await realpath(at).catch(() => undefined);
    if (real === undefined || above.includes(real) || above.length >= MAX_LEVELS) return;
    for (const dirent of await entriesOf(at)) {
      const entry = await lookAt(root, at, dirent);
      if (entry !== undefined && visit(entry) && entry.isDirectory) await into(entry.file, [...above, real]);
    }
  };
  await into(directory, []);
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  return readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOTDIR" || error.code === "ENOENT" || error.code === "EACCES") return [];
    throw error;
  });
}

/** `undefined` for what went away, leads out, or is neither file nor directory. */
async function lookAt(root: string, directory: string, dirent: Dirent): Promise<Entry | undefined> {
  const file = path.join(directory, dirent.name);
  const isLink = dirent.isSymbolicLink();
  if (isLink && !(await isInside(root, file))) return undefined;
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined || (!stats.isFile() && !stats.isDirectory())) return undefined;
  return {
    name: dirent.name,
    file,
    isLink,
    isDirectory: stats.isDirectory(),
    size: stats.size,
    modifiedMs: stats.mtimeMs,
    createdMs: stats.birthtimeMs,
  };
}

async function isInside(root: string, file: string): Promise<boolean> {
  try {
    await resolveInside(root, path.relative(root, file));
    return true;
  } catch (error) {
    if (error instanceof OutsideError) return false;
    throw error;
  }
}
