/**
 * A folder of fetched files, each under the hash of its content, with a list of what the hub called them. When they take
 * too much room the oldest used go first, but none that was handed out a moment ago.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, parseJson, printJson } from "@hearth/protocol";

/** Whoever was given a path reads it within this time. */
const IN_USE_MS = 15 * 60_000;
/** The beginning of a file whose transfer nobody took up again. */
const STALE_MS = 24 * 3_600_000;
/** Names of files that are remembered; more are fetched again. */
const MOST_NAMES = 20_000;
const HASH = /^[0-9a-f]{64}$/;

/** What the hub has under a name: its ETag, and the BLAKE3 hash of the content. */
export interface CachedName {
  readonly tag: string;
  readonly hash: string;
}

/** The beginning of a file. */
export interface Part {
  readonly path: string;
  /** what there is already; `undefined`: nothing */
  read(): Promise<{ readonly path: string; readonly size: number; readonly tag: string } | undefined>;
  /** The file is fetched from its beginning, as the hub has it under this ETag. */
  begin(tag: string): Promise<void>;
  remove(): Promise<void>;
}

export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #now: () => number;
  #names = new Map<string, CachedName>();
  #opening: Promise<void> | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** hash → size and UTC milliseconds of the last use */
  readonly #files = new Map<string, { readonly size: number; readonly usedAt: number }>();

  constructor(folder: string, maxBytes: number, now: () => number = Date.now) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Reads what the process before has left; once. */
  open(): Promise<void> {
    this.#opening ??= this.#read();
    return this.#opening;
  }

  async #read(): Promise<void> {
    await mkdir(path.join(this.#folder, "parts"), { recursive: true });
    await mkdir(path.join(this.#folder, "content"), { recursive: true });
    for (const hash of await readdir(path.join(this.#folder, "content"))) {
      if (!HASH.test(hash)) continue;
      const { size, mtimeMs } = await stat(this.#pathOf(hash));
      this.#files.set(hash, { size, usedAt: mtimeMs });
    }
    for (const folder of ["parts", "outgoing"]) await this.#removeStale(path.join(this.#folder, folder));
    try {
      const names = parseJson(await readFile(this.#namesFile, "utf8"));
      for (const [key, value] of isJsonObject(names) ? Object.entries(names) : []) {
        const { tag, hash } = isJsonObject(value) ? value : {};
        if (typeof tag === "string" && typeof hash === "string") this.#names.set(key, { tag, hash });
      }
    } catch {
      // The first time, or cut short: everything is fetched again.
    }
  }

  async #removeStale(folder: string): Promise<void> {
    for (const name of await readdir(folder).catch(() => [])) {
      const file = path.join(folder, name);
      const found = await stat(file).catch(() => undefined);
      if (found !== undefined && this.#now() - found.mtimeMs > STALE_MS) await rm(file, { force: true });
    }
  }

  /** What is kept of this name, if its content still lies here. */
  async find(key: string): Promise<CachedName | undefined> {
    const known = this.#names.get(key);
    const kept = known === undefined ? undefined : this.#files.get(known.hash);
    if (known === undefined || kept === undefined) return undefined;
    const found = await stat(this.#pathOf(known.hash)).catch(() => undefined);
    if (found?.size === kept.size) return known;
    // Somebody emptied the folder.
    this.#files.delete(known.hash);
    return undefined;
  }

  /** Takes a whole file over, which is gone from where it was, and makes room. */
  async keep(key: string, name: CachedName, file: string): Promise<void> {
    const { size } = await stat(file);
    await rename(file, this.#pathOf(name.hash));
    await rm(`${file}.tag`, { force: true });
    this.#names.delete(key);
    this.#names.set(key, name);
    this.#files.set(name.hash, { size, usedAt: this.#now() });
    await this.#makeRoom();
    await this.#save();
  }

  /** The path of a content that is kept; it stays for a while from now on. */
  async use(hash: string): Promise<{ path: string; hash: string }> {
    const kept = this.#files.get(hash);
    const file = this.#pathOf(hash);
    const now = this.#now();
    if (kept !== undefined) this.#files.set(hash, { size: kept.size, usedAt: now });
    // The next process knows by it what was used last.
    await utimes(file, new Date(now), new Date(now));
    return { path: file, hash };
  }

  partOf(key: string): Part {
    const file = path.join(this.#folder, "parts", createHash("sha256").update(key).digest("hex"));
    const tagFile = `${file}.tag`;
    return {
      path: file,
      async read() {
        try {
          const [{ size }, tag] = await Promise.all([stat(file), readFile(tagFile, "utf8")]);
          return size > 0 && tag !== "" ? { path: file, size, tag } : undefined;
        } catch {
          return undefined;
        }
      },
      async begin(tag) {
        await rm(file, { force: true });
        await writeFile(tagFile, tag);
      },
      async remove() {
        await rm(file, { force: true });
        await rm(tagFile, { force: true });
      },
    };
  }

  async #makeRoom(): Promise<void> {
    let bytes = 0;
    for (const { size } of this.#files.values()) bytes += size;
    const oldestFirst = [...this.#files].sort(([, one], [, other]) => one.usedAt - other.usedAt);
    for (const [hash, { size, usedAt }] of oldestFirst) {
      if (bytes <= this.#maxBytes || this.#now() - usedAt < IN_USE_MS) return;
      this.#files.delete(hash);
      bytes -= size;
      await rm(this.#pathOf(hash), { force: true });
    }
  }

  #save(): Promise<void> {
    for (const [key, { hash }] of this.#names) if (!this.#files.has(hash)) this.#names.delete(key);
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= MOST_NAMES) break;
      this.#names.delete(oldest);
    }
    this.#saving = this.#saving
      .then(async () => {
        const temporary = `${this.#namesFile}.${process.pid}`;
        await writeFile(temporary, printJson(Object.fromEntries(this.#names), "compact"));
        await rename(temporary, this.#namesFile);
      })
      .catch((error: unknown) => console.error("the list of fetched files could not be written:", error));
    return this.#saving;
  }

  get #namesFile(): string {
    return path.join(this.#folder, "names.json");
  }

  #pathOf(hash: string): string {
    return path.join(this.#folder, "content", hash);
  }
}
