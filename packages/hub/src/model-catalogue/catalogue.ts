/** Models, LoRAs and LLM files: what the catalogues name, and what is on the disk. */
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Folders } from "@hearth/protocol";
import { DownloadError } from "../downloads/errors.ts";
import type { ModelFolders } from "../files/model-folders.ts";
import { CatalogueFile } from "./catalogue-file.ts";
import { type CatalogueEntry, type CatalogueKind, KINDS } from "./entry.ts";
import { type FileOnDisk, FilesOnDisk } from "./files-on-disk.ts";

/** A file that a catalogue names, that is on the disk, or both. */
export interface KnownModel {
  readonly kind: CatalogueKind;
  readonly type: string;
  readonly filename: string;
  /** absent: it only lies on the disk */
  readonly entry: CatalogueEntry | undefined;
  /** absent: it is not on the disk */
  readonly file: FileOnDisk | undefined;
}

export interface CatalogueSummary {
  readonly version: number;
  readonly date: string;
  /** entries */
  readonly count: number;
  /** entries whose file is on the disk */
  readonly present: number;
}

const DEFAULT_TYPE: Readonly<Record<CatalogueKind, string>> = {
  models: "checkpoints",
  loras: "loras",
  llm: "",
};

export class ModelCatalogue {
  readonly #files: Readonly<Record<CatalogueKind, CatalogueFile>>;
  readonly #disk: FilesOnDisk;

  constructor(folders: Folders, modelFolders: ModelFolders) {
    const fileOf = (kind: CatalogueKind): CatalogueFile =>
      new CatalogueFile(path.join(folders.studio, "catalogs", `${kind}.json`));
    this.#files = { models: fileOf("models"), loras: fileOf("loras"), llm: fileOf("llm") };
    this.#disk = new FilesOnDisk(folders, modelFolders);
  }

  /** Entries in the order of the catalogue, then what only lies on the disk, by name. @throws CatalogueError */
  async list(kind: CatalogueKind): Promise<KnownModel[]> {
    const { models } = await this.#files[kind].read();
    const files = new Map(
      (await this.#disk.list(kind)).map((file) => [`${file.type}/${file.filename}`, file]),
    );
    const known: KnownModel[] = [];
    for (const entry of models) {
      const type = typeOf(kind, entry);
      const key = `${type}/${entry.filename}`;
      known.push({ kind, type, filename: entry.filename, entry, file: files.get(key) });
      files.delete(key);
    }
    const rest = [...files.values()].sort((one, other) => (one.filename < other.filename ? -1 : 1));
    for (const file of rest)
      known.push({ kind, type: file.type, filename: file.filename, entry: undefined, file });
    return known;
  }

  /** All models of one name; with `type`, only that one. @throws CatalogueError */
  async find(kind: CatalogueKind, filename: string, type?: string): Promise<KnownModel[]> {
    const all = await this.list(kind);
    return all.filter((one) => one.filename === filename && (type === undefined || one.type === type));
  }

  /** @throws CatalogueError */
  async summary(kind: CatalogueKind): Promise<CatalogueSummary> {
    const { version = 0, date = "" } = await this.#files[kind].read();
    const entries = (await this.list(kind)).filter(({ entry }) => entry !== undefined);
    const present = entries.filter(({ file }) => file !== undefined).length;
    return { version, date, count: entries.length, present };
  }

  hasType(kind: CatalogueKind, type: string): boolean {
    return this.#disk.homeOf(kind, type) !== undefined;
  }

  /** The folder that a new file goes into. @throws DownloadError for a type that there is not */
  folderOf({ kind, type }: { readonly kind: string; readonly type: string }): string {
    const isKind = KINDS.includes(kind as CatalogueKind);
    const folder = isKind ? this.#disk.homeOf(kind as CatalogueKind, type) : undefined;
    if (folder === undefined)
      throw new DownloadError(`There is no model type '${type}' in the catalogue '${kind}'`);
    return folder;
  }

  /** Adds entries; one of a known name takes its place. Answers how many were new. @throws CatalogueError */
  async put(
    kind: CatalogueKind,
    entries: readonly CatalogueEntry[],
  ): Promise<{ added: number; updated: number }> {
    const given = new Map(entries.map((entry) => [entry.filename, entry]));
    let updated = 0;
    await this.#files[kind].change((models) => {
      updated = models.filter(({ filename }) => given.has(filename)).length;
      const kept = models.map((entry) => {
        const { filename } = entry;
        const better = given.get(filename);
        given.delete(filename);
        return better === undefined ? entry : { ...entry, ...better };
      });
      return [...kept, ...given.values()];
    });
    return { added: given.size, updated };
  }

  /** Takes an entry out of its catalogue. False when there was none. @throws CatalogueError */
  async removeEntry(kind: CatalogueKind, filename: string): Promise<boolean> {
    let isFound = false;
    await this.#files[kind].change((models) => {
      isFound = models.some((entry) => entry.filename === filename);
      return isFound ? models.filter((entry) => entry.filename !== filename) : models;
    });
    return isFound;
  }

  /** Deletes a file from the disk. @throws the system's error */
  async deleteFile(file: FileOnDisk): Promise<void> {
    await rm(file.file);
  }

  /** Reads the catalogues anew at the next asking. */
  reload(): void {
    for (const kind of KINDS) this.#files[kind].reload();
  }
}

export function typeOf(kind: CatalogueKind, entry: Pick<CatalogueEntry, "type">): string {
  return kind === "models" ? (entry.type ?? DEFAULT_TYPE.models) : DEFAULT_TYPE[kind];
}
