/** File names that clients choose from: model files by type, and lists in node infos (sections 3.16, 3.17). */
import path from "node:path";
import {
  type FileList,
  type Folders,
  type JsonObject,
  type JsonValue,
  keysOf,
  type NodeClassAnnouncement,
  type NodeInfo,
  printJson,
  withKeyOrder,
} from "@hearth/protocol";
import { mediaOf } from "./content-types.ts";
import { DirectoryCache } from "./directory-cache.ts";
import type { ModelFolders } from "./model-folders.ts";

/** Python's order of texts: by code point. */
export function byCodePoint(one: string, other: string): number {
  if (one === other) return 0;
  // UTF-8 bytes sort as code points do; UTF-16 units do not, beyond the BMP.
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Lists of a folder below the input folder are named so. */
const INPUT = "input/";

export class FileNames {
  readonly #folders: Folders;
  readonly #models: ModelFolders;
  readonly #cache = new DirectoryCache();

  constructor(folders: Folders, models: ModelFolders) {
    this.#folders = folders;
    this.#models = models;
  }

  /** Grows whenever a directory that was asked for changed. */
  get generation(): number {
    return this.#cache.generation;
  }

  /** Files of a model type over all its directories: relative, sorted, each once. `undefined`: no such type. */
  models(type: string): string[] | undefined {
    const folder = this.#models.get(type);
    if (folder === undefined) return undefined;
    const names = new Set<string>();
    for (const directory of folder.paths) {
      if (folder.extensions === "folders") {
        for (const name of this.#cache.directories(directory)) names.add(name);
        continue;
      }
      for (const name of this.#cache.tree(directory)) {
        if (folder.extensions.length === 0 || folder.extensions.includes(path.extname(name).toLowerCase())) {
          names.add(name);
        }
      }
    }
    return [...names].sort(byCodePoint);
  }

  /** Looks whether the directories behind a list's folder changed; `generation` tells. */
  touch(folder: string): void {
    if (folder === "input") this.#cache.files(this.#folders.input);
    else if (folder.startsWith(INPUT))
      this.#cache.tree(path.join(this.#folders.input, folder.slice(INPUT.length)));
    else for (const directory of this.#models.get(folder)?.paths ?? []) this.#cache.tree(directory);
  }

  /** The entries of one list: the fixed ones, then the files, then those that only other workers have. */
  entries(list: FileList): string[] {
    const { media, extensions, also } = list;
    const wanted = (name: string): boolean => {
      if (extensions !== undefined && !extensions.includes(path.extname(name).toLowerCase())) return false;
      if (media === undefined) return true;
      const kind = mediaOf(name);
      return kind !== undefined && media.includes(kind);
    };
    const entries = [...(list.fixed ?? []), ...this.#files(list.folder).filter(wanted)];
    return also === undefined ? entries : [...new Set([...entries, ...also])];
  }

  #files(folder: string): readonly string[] {
    if (folder === "input") return [...this.#cache.files(this.#folders.input)].sort(byCodePoint);
    if (folder.startsWith(INPUT)) {
      // Below the input folder, names are relative to it and lead into sub-folders.
      const below = folder.slice(INPUT.length);
      return this.#cache
        .tree(path.join(this.#folders.input, below))
        .map((name) => path.posix.join(below, name.replaceAll(path.sep, "/")))
        .sort(byCodePoint);
    }
    return this.models(folder) ?? [];
  }
}

/** All announced classes with their lists filled. */
export interface FilledClasses {
  /** the whole answer of `/object_info` */
  readonly text: Buffer;
  readonly byClass: ReadonlyMap<string, NodeInfo>;
}

/** Where announcements come from; `version` grows with every change. */
export interface AnnouncementSource {
  readonly version: number;
  readonly announcements: Iterable<NodeClassAnnouncement>;
}

/**
 * Node infos with the files of now. Each asking costs one `stat` per directory; the text is printed again only when
 * the classes or a directory changed, and then only the classes that have lists.
 */
export class ObjectInfo {
  readonly #source: AnnouncementSource;
  readonly #names: FileNames;
  #version = -1;
  #listed: NodeClassAnnouncement[] = [];
  /** printed entries of classes without lists, by class; `undefined` where the class has lists */
  #printed = new Map<string, string | undefined>();
  #plain = new Map<string, NodeInfo>();
  #folders: ReadonlySet<string> = new Set();
  #generation = -1;
  #filled: FilledClasses | undefined;

  constructor(source: AnnouncementSource, names: FileNames) {
    this.#source = source;
    this.#names = names;
  }

  /** The classes of now; the same object for as long as nothing changed. */
  current(): FilledClasses {
    const isNew = this.#source.version !== this.#version;
    if (isNew) this.#take();
    for (const folder of this.#folders) this.#names.touch(folder);
    const { generation } = this.#names;
    if (isNew || generation !== this.#generation || this.#filled === undefined) {
      this.#filled = this.#fill();
      this.#generation = generation;
    }
    return this.#filled;
  }

  #take(): void {
    this.#version = this.#source.version;
    this.#listed = [];
    this.#printed = new Map();
    this.#plain = new Map();
    for (const announced of this.#source.announcements) {
      const { info, lists } = announced;
      const hasLists = lists !== undefined && lists.length > 0;
      if (hasLists) this.#listed.push(announced);
      this.#plain.set(info.name, info);
      this.#printed.set(info.name, hasLists ? undefined : `${printJson(info.name)}: ${printJson(info)}`);
    }
    this.#folders = new Set(this.#listed.flatMap(({ lists = [] }) => lists.map((list) => list.folder)));
  }

  #fill(): FilledClasses {
    const byClass = new Map(this.#plain);
    for (const announced of this.#listed) byClass.set(announced.info.name, fillClass(announced, this.#names));
    const parts = [...byClass].map(
      ([name, info]) => this.#printed.get(name) ?? `${printJson(name)}: ${printJson(info)}`,
    );
    return { text: Buffer.from(`{${parts.join(", ")}}`), byClass };
  }
}

/** A class's node info with its lists filled from the folders of now. */
export function fillClass(announced: NodeClassAnnouncement, names: FileNames): NodeInfo {
  let info = announced.info as unknown as JsonValue;
  for (const list of announced.lists ?? []) info = withValueAt(info, list.path, names.entries(list));
  return info as unknown as NodeInfo;
}

/** Fills the lists of all classes once, without keeping anything. */
export function fillLists(announcements: Iterable<NodeClassAnnouncement>, names: FileNames): FilledClasses {
  return new ObjectInfo({ version: 0, announcements }, names).current();
}

/** A copy of `value` with another value at `where`; what is not on the way is shared. @throws when the path leads nowhere */
export function withValueAt(
  value: JsonValue,
  where: readonly (string | number)[],
  replacement: JsonValue,
): JsonValue {
  const [step, ...rest] = where;
  if (step === undefined) return replacement;
  if (Array.isArray(value) && typeof step === "number" && step < value.length) {
    return value.with(step, withValueAt(value[step] as JsonValue, rest, replacement));
  }
  const object = value as JsonObject | null;
  if (object === null || typeof object !== "object" || Array.isArray(value) || !Object.hasOwn(object, step)) {
    throw new RangeError(`a file list leads nowhere: ${JSON.stringify(where)}`);
  }
  const copy: JsonObject = { ...object };
  copy[step] = withValueAt(object[step] as JsonValue, rest, replacement);
  return withKeyOrder(copy, keysOf(object));
}
