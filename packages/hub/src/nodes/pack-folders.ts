/**
 * Node packs as the front end sees them: folders with files for web pages (sections 3.1, 3.18). The hub reads these
 * files, and never runs a pack; classes come from workers.
 */
import { closeSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { OutsideError, resolveInsideSync } from "@hearth/protocol";
import { DirectoryCache } from "../files/directory-cache.ts";
import { byCodePoint } from "../files/file-lists.ts";
import type { WebDirectory } from "../http/options.ts";

/** Where the web folders of packs are found out; asked at each request. */
export interface PackWebFolders {
  list(): Iterable<WebDirectory>;
}

/** What a worker tells of a pack that it loaded. */
export interface AnnouncedPack {
  readonly name: string;
  /** the pack's web folder, relative to the pack's own; absent: it has none, or only says so in its source */
  readonly web?: string;
}

export interface Pack {
  readonly name: string;
  /** absolute */
  readonly folder: string;
}

/** Declarations that are plain texts can be read without running the pack. */
const DECLARATIONS: readonly [file: string, pattern: RegExp][] = [
  ["index.ts", /^export const webDirectory(?::\s*string)?\s*=\s*(["'])(?<web>[^"'\n]+)\1/m],
  ["index.mjs", /^export const webDirectory\s*=\s*(["'])(?<web>[^"'\n]+)\1/m],
  ["index.js", /^export const webDirectory\s*=\s*(["'])(?<web>[^"'\n]+)\1/m],
  ["__init__.py", /^WEB_DIRECTORY(?:\s*:\s*str)?\s*=\s*(["'])(?<web>[^"'\n]+)\1/m],
];
/** Declarations stand at the top of a file, or at the end of one that a person wrote. */
const MAX_SOURCE_BYTES = 256 * 1024;

export interface PackFoldersOptions {
  /** folders whose sub-folders are packs */
  readonly folders: readonly string[];
  /** no pack at all, or only those named */
  readonly wanted?: "all" | readonly string[] | undefined;
}

/** The packs on this machine. */
export class PackFolders implements PackWebFolders {
  readonly #folders: readonly string[];
  readonly #wanted: "all" | readonly string[];
  readonly #cache = new DirectoryCache();
  #announced = new Map<string, string>();
  #generation = -1;
  #packs: readonly Pack[] = [];
  #web: readonly WebDirectory[] = [];

  constructor({ folders, wanted = "all" }: PackFoldersOptions) {
    this.#folders = folders;
    this.#wanted = wanted;
  }

  /** All packs, folder by folder, sorted by name; of two of one name the first counts. */
  packs(): readonly Pack[] {
    this.#look();
    return this.#packs;
  }

  /** The web folders of packs that have one. */
  list(): readonly WebDirectory[] {
    this.#look();
    return this.#web;
  }

  /** Takes over what a worker says of its packs; it counts more than what their source says. */
  announce(packs: readonly AnnouncedPack[]): void {
    this.#announced = new Map(packs.flatMap(({ name, web }) => (web === undefined ? [] : [[name, web]])));
    this.#generation = -1;
  }

  /** Reads everything again when a pack came or went. */
  #look(): void {
    const listed = this.#folders.map((folder) => this.#cache.directories(folder));
    if (this.#cache.generation === this.#generation) return;
    this.#generation = this.#cache.generation;
    const packs = new Map<string, Pack>();
    for (const [index, names] of listed.entries()) {
      for (const name of names.filter((name) => this.#isWanted(name)).sort(byCodePoint)) {
        if (!packs.has(name))
          packs.set(name, { name, folder: path.join(this.#folders[index] as string, name) });
      }
    }
    this.#packs = [...packs.values()];
    this.#web = this.#packs.flatMap((pack) => this.#webOf(pack) ?? []);
  }

  #isWanted(name: string): boolean {
    if (name.startsWith(".") || name === "__pycache__" || name.endsWith(".disabled")) return false;
    return this.#wanted === "all" || this.#wanted.includes(name);
  }

  #webOf({ name, folder }: Pack): WebDirectory | undefined {
    const web = this.#announced.get(name) ?? declaredWeb(folder);
    if (web === undefined) return undefined;
    try {
      return { name, folder: resolveInsideSync(folder, web) };
    } catch (error) {
      // A pack shows files of its own, and no others.
      if (error instanceof OutsideError) return undefined;
      throw error;
    }
  }
}

function declaredWeb(folder: string): string | undefined {
  for (const [name, pattern] of DECLARATIONS) {
    const web = pattern.exec(startOf(path.join(folder, name)))?.groups?.["web"];
    if (web !== undefined) return web;
  }
  return undefined;
}

/** The beginning of a source file; empty when it cannot be read. */
function startOf(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const bytes = Buffer.alloc(MAX_SOURCE_BYTES);
    return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } catch {
    return "";
  } finally {
    closeSync(descriptor);
  }
}
