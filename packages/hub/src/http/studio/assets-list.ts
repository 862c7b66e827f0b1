/** The files below the input or the output folder. It runs in the thread that looks at files. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { mediaOf } from "../../files/content-types.ts";

export interface ListFiles {
  /** absolute */
  readonly root: string;
  /** only names that contain this text, whatever its case */
  readonly search?: string | undefined;
  /** only this kind */
  readonly media?: string | undefined;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

export interface ListedFile {
  /** relative to the root, with forward slashes */
  readonly relative: string;
  /** bytes */
  readonly size: number;
  /** Unix milliseconds */
  readonly modifiedMs: number;
  readonly media: string | null;
  /** its job still writes into this folder */
  readonly isIncomplete: boolean;
}

export interface FilePage {
  readonly files: readonly ListedFile[];
  /** of all pages */
  readonly total: number;
}

/** A job puts it into its own folder while it runs. */
const INCOMPLETE = ".incomplete";
/** Deeper nesting is nobody's picture folder. */
const MAX_LEVELS = 32;
const BATCH = 64;

/**
 * A page of files, newest first. Hidden files, links and what cannot be read are left out.
 */
export async function listFiles(options: ListFiles): Promise<FilePage> {
  const { root, search, media, limit, offset = 0 } = options;
  const wanted = search?.toLowerCase();
  const names = (await walk(root, "", false, 0)).filter(
    ({ relative }) =>
      (wanted === undefined || relative.toLowerCase().includes(wanted)) &&
      (media === undefined || mediaOf(relative) === media),
  );
  const found: ListedFile[] = [];
  for (let at = 0; at < names.length; at += BATCH) {
    const batch = names.slice(at, at + BATCH).map((name) => lookAt(root, name));
    for (const file of await Promise.all(batch)) if (file !== undefined) found.push(file);
  }
  found.sort((one, other) => other.modifiedMs - one.modifiedMs || compare(one.relative, other.relative));
  return {
    files: found.slice(offset, limit === undefined ? undefined : offset + limit),
    total: found.length,
  };
}

interface Found {
  readonly relative: string;
  readonly isIncomplete: boolean;
}

async function walk(root: string, below: string, inherited: boolean, level: number): Promise<Found[]> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true }).catch(() => []);
  const isIncomplete = inherited || entries.some(({ name }) => name === INCOMPLETE);
  const found: Found[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const relative = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isFile()) found.push({ relative, isIncomplete });
    else if (entry.isDirectory() && level < MAX_LEVELS) {
      for (const one of await walk(root, relative, isIncomplete, level + 1)) found.push(one);
    }
  }
  return found;
}

/** `undefined` when the file went away since it was listed. */
async function lookAt(root: string, { relative, isIncomplete }: Found): Promise<ListedFile | undefined> {
  const stats = await stat(path.join(root, relative)).catch(() => undefined);
  if (stats === undefined) return undefined;
  const { size, mtimeMs } = stats;
  return { relative, size, modifiedMs: Math.trunc(mtimeMs), media: mediaOf(relative) ?? null, isIncomplete };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
