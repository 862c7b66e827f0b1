/** The files of one model type with what the disk says of them (`/experiment/models`, section 3.16). */
import { stat } from "node:fs/promises";
import path from "node:path";
import { DirectoryCache } from "../files/directory-cache.ts";
import { byCodePoint } from "../files/file-lists.ts";
import { type ModelFolders, WEIGHTS } from "../files/model-folders.ts";

export interface ModelFile {
  /** relative to its directory */
  readonly name: string;
  /** of that directory in the type's list of directories */
  readonly pathIndex: number;
  /** Unix milliseconds */
  readonly modifiedMs: number;
  /** Unix milliseconds */
  readonly createdMs: number;
  /** bytes */
  readonly size: number;
}

/** So many files are looked at together. */
const BATCH = 64;

/** Lists model files; a directory that did not change since the last listing is not read again. */
export class ModelFiles {
  readonly #folders: ModelFolders;
  readonly #cache = new DirectoryCache();

  constructor(folders: ModelFolders) {
    this.#folders = folders;
  }

  /**
   * All weight files of a type, directory by directory, sorted by name. Hidden files and folders are left out, and so
   * is what no weights have as an ending, whatever endings the type itself takes. `undefined`: no such type.
   */
  async list(type: string): Promise<ModelFile[] | undefined> {
    const folder = this.#folders.get(type);
    if (folder === undefined) return undefined;
    const found: ModelFile[] = [];
    for (const [pathIndex, directory] of folder.paths.entries()) {
      const names = this.#cache.tree(directory).filter(isShown).sort(byCodePoint);
      for (let at = 0; at < names.length; at += BATCH) {
        const batch = names.slice(at, at + BATCH).map((name) => lookAt(directory, name, pathIndex));
        for (const file of await Promise.all(batch)) if (file !== undefined) found.push(file);
      }
    }
    return found;
  }
}

function isShown(name: string): boolean {
  return (
    WEIGHTS.includes(path.extname(name).toLowerCase()) &&
    !name.split(path.sep).some((part) => part.startsWith("."))
  );
}

/** `undefined` when the file went away since it was listed. */
async function lookAt(directory: string, name: string, pathIndex: number): Promise<ModelFile | undefined> {
  const stats = await stat(path.join(directory, name)).catch(() => undefined);
  if (stats === undefined) return undefined;
  return { name, pathIndex, modifiedMs: stats.mtimeMs, createdMs: stats.birthtimeMs, size: stats.size };
}
