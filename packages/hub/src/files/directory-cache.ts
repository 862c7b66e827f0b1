/**
 * Listings of directory trees, read again only when a directory changed. A change of a directory's entries changes its
 * modification time; so it costs one `stat` per directory to know that a listing still holds.
 */
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

/** One directory as it was read. */
interface Listing {
  readonly mtimeNs: bigint;
  /** the time was too close to the reading to tell a later change from it */
  readonly racy: boolean;
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/** File systems that keep whole or even seconds cannot tell two changes within them apart. */
const RACY_MS = 2_000;
/** Deeper nesting is a loop of links in all likelihood. */
const MAX_LEVELS = 32;

const EMPTY: Listing = { mtimeNs: -1n, racy: false, files: [], directories: [] };

export class DirectoryCache {
  readonly #listings = new Map<string, Listing>();
  #generation = 0;

  /** Grows whenever a listing turned out different from the one before. */
  get generation(): number {
    return this.#generation;
  }

  /** Names of the files of one directory, unsorted; empty when there is no such directory. */
  files(directory: string): readonly string[] {
    return this.#read(directory).files;
  }

  /** Names of the directories in one directory, unsorted. */
  directories(directory: string): readonly string[] {
    return this.#read(directory).directories;
  }

  /**
   * Files below `directory` at any depth, as paths relative to it. Links are followed; `.git` and, through links,
   * directories that are already being walked are left out.
   */
  tree(directory: string): string[] {
    const found: string[] = [];
    const walk = (at: string, prefix: string, above: readonly string[]): void => {
      const listing = this.#read(at);
      for (const name of listing.files) found.push(path.join(prefix, name));
      if (listing.directories.length === 0 || above.length >= MAX_LEVELS) return;
      const real = realOf(at);
      if (real === undefined || above.includes(real)) return;
      for (const name of listing.directories) {
        if (name !== ".git") walk(path.join(at, name), path.join(prefix, name), [...above, real]);
      }
    };
    walk(directory, "", []);
    return found;
  }

  #read(directory: string): Listing {
    const known = this.#listings.get(directory);
    const mtimeNs = changeTime(directory);
    if (mtimeNs === undefined) return this.#keep(directory, known, EMPTY);
    if (known !== undefined && !known.racy && known.mtimeNs === mtimeNs) return known;
    const racy = Date.now() - Number(mtimeNs / 1_000_000n) < RACY_MS;
    return this.#keep(directory, known, { mtimeNs, racy, ...entriesOf(directory) });
  }

  #keep(directory: string, known: Listing | undefined, now: Listing): Listing {
    if (known === undefined || !sameNames(known, now)) this.#generation += 1;
    this.#listings.set(directory, now);
    return now;
  }
}

/** When the directory changed last; `undefined` when it is not there, or not ours to look at. */
function changeTime(directory: string): bigint | undefined {
  try {
    // Most model folders do not exist, and an exception for each would cost more than all the rest.
    return statSync(directory, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  } catch {
    return undefined;
  }
}

function entriesOf(directory: string): { files: string[]; directories: string[] } {
  const files: string[] = [];
  const directories: string[] = [];
  let entries: Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    // Gone, not a directory, or not ours to read: nothing can be chosen from it.
    return { files, directories };
  }
  for (const entry of entries) {
    const kind = entry.isSymbolicLink() ? kindOfLink(path.join(directory, entry.name)) : entry;
    if (kind?.isFile() === true) files.push(entry.name);
    else if (kind?.isDirectory() === true) directories.push(entry.name);
  }
  return { files, directories };
}

function kindOfLink(file: string): { isFile(): boolean; isDirectory(): boolean } | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    // A link onto itself, or into a place that is not ours to see, is no choice for anybody.
    return undefined;
  }
}

function realOf(directory: string): string | undefined {
  try {
    return realpathSync(directory);
  } catch {
    return undefined;
  }
}

function sameNames(one: Listing, other: Listing): boolean {
  return same(one.files, other.files) && same(one.directories, other.directories);
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
