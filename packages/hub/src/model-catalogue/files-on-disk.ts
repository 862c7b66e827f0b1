/** Model files on the disk, by catalogue; a directory that did not change since the last listing is not read again. */
import { stat } from "node:fs/promises";
import path from "node:path";
import type { Folders } from "@hearth/protocol";
import { DirectoryCache } from "../files/directory-cache.ts";
import { type ModelFolders, WEIGHTS } from "../files/model-folders.ts";
import type { CatalogueKind } from "./entry.ts";

export interface FileOnDisk {
  /** model type; empty for LLM files */
  readonly type: string;
  /** relative to its folder, with forward slashes */
  readonly filename: string;
  /** absolute */
  readonly file: string;
  /** bytes */
  readonly size: number;
  /** Unix milliseconds */
  readonly modifiedMs: number;
}

/** Types whose files are no weights, or have a catalogue of their own. */
const NO_MODELS = new Set(["configs", "custom_nodes", "datasets", "loras"]);
const ENDINGS = new Set([...WEIGHTS, ".gguf", ".onnx"]);
const BATCH = 64;

export class FilesOnDisk {
  readonly #folders: Folders;
  readonly #modelFolders: ModelFolders;
  readonly #cache = new DirectoryCache();

  constructor(folders: Folders, modelFolders: ModelFolders) {
    this.#folders = folders;
    this.#modelFolders = modelFolders;
  }

  /** Types of a catalogue, each with its directories in the order in which they are searched. */
  typesOf(kind: CatalogueKind): Map<string, readonly string[]> {
    if (kind === "llm") return new Map([["", [path.join(this.#folders.studio, "llm", "models")]]]);
    const types = new Map<string, readonly string[]>();
    for (const [type, { paths, extensions }] of this.#modelFolders) {
      const isWanted = kind === "loras" ? type === "loras" : !NO_MODELS.has(type) && extensions !== "folders";
      if (isWanted) types.set(type, paths);
    }
    return types;
  }

  /** Where a new file of a type goes; `undefined`: no such type in this catalogue. */
  homeOf(kind: CatalogueKind, type: string): string | undefined {
    const paths = this.typesOf(kind).get(type);
    if (paths === undefined) return undefined;
    const [first] = paths;
    // A directory that was added to be searched first is where its owner wants new files.
    const isAdded = first !== undefined && path.dirname(first) !== path.resolve(this.#folders.models);
    return isAdded ? first : (paths.find((one) => path.basename(one) === type) ?? first);
  }

  /** All files of a catalogue that could be models, each name of a type once: the one that would be loaded. */
  async list(kind: CatalogueKind): Promise<FileOnDisk[]> {
    const found = new Map<string, { type: string; filename: string; file: string }>();
    for (const [type, directories] of this.typesOf(kind)) {
      for (const directory of directories) {
        for (const name of this.#cache.tree(directory)) {
          const filename = name.replaceAll(path.sep, "/");
          if (!isShown(filename)) continue;
          const key = `${type}/${filename}`;
          if (!found.has(key)) found.set(key, { type, filename, file: path.join(directory, name) });
        }
      }
    }
    return lookAtAll([...found.values()]);
  }
}

async function lookAtAll(
  files: readonly { type: string; filename: string; file: string }[],
): Promise<FileOnDisk[]> {
  const looked: FileOnDisk[] = [];
  for (let at = 0; at < files.length; at += BATCH) {
    const batch = files.slice(at, at + BATCH).map(async (one) => {
      const stats = await stat(one.file).catch(() => undefined);
      return stats === undefined
        ? undefined
        : { ...one, size: stats.size, modifiedMs: Math.trunc(stats.mtimeMs) };
    });
    // What went away since it was listed is left out.
    for (const file of await Promise.all(batch)) if (file !== undefined) looked.push(file);
  }
  return looked;
}

function isShown(filename: string): boolean {
  const isHidden = filename.split("/").some((part) => part.startsWith("."));
  return !isHidden && ENDINGS.has(path.posix.extname(filename).toLowerCase());
}
