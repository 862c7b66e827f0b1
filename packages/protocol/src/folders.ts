/** Where things lie below the one base directory; hub and workers must agree on it. */
import { mkdirSync } from "node:fs";
import path from "node:path";

export type FolderType = "input" | "output" | "temp";

export interface Folders {
  readonly base: string;
  readonly input: string;
  readonly output: string;
  readonly temp: string;
  readonly user: string;
  readonly models: string;
  readonly studio: string;
  /** folders whose sub-folders are node packs */
  readonly customNodes: readonly string[];
}

export interface FolderOptions {
  readonly base: string;
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  /** gets `/temp` appended, as ComfyUI does */
  readonly temp?: string | undefined;
  readonly user?: string | undefined;
  readonly models?: string | undefined;
  readonly customNodes?: readonly string[];
}

/** Resolves all folders to absolute paths. */
export function resolveFolders(options: FolderOptions): Folders {
  const base = path.resolve(options.base);
  const below = (given: string | undefined, name: string): string =>
    given === undefined ? path.join(base, name) : path.resolve(given);
  return {
    base,
    input: below(options.input, "input"),
    output: below(options.output, "output"),
    temp: options.temp === undefined ? path.join(base, "temp") : path.resolve(options.temp, "temp"),
    user: below(options.user, "user"),
    models: below(options.models, "models"),
    studio: path.join(base, "studio"),
    customNodes: [
      path.join(base, "custom_nodes"),
      ...(options.customNodes ?? []).map((folder) => path.resolve(folder)),
    ],
  };
}

/** Makes the folders that must exist before the first request. */
export function makeFolders(folders: Folders): void {
  for (const folder of [
    folders.input,
    folders.output,
    folders.temp,
    folders.user,
    folders.models,
    folders.studio,
  ]) {
    mkdirSync(folder, { recursive: true });
  }
}

/**
 * Splits an annotated name: `x.png [input]` → `["x.png", "input"]`. The annotation and the one character before it
 * are cut, whatever that character is. Names without one keep `fallback`.
 */
export function splitAnnotation(name: string, fallback: FolderType): [string, FolderType] {
  for (const type of ["output", "input", "temp"] as const) {
    const mark = `[${type}]`;
    if (name.endsWith(mark)) return [name.slice(0, Math.max(0, name.length - mark.length - 1)), type];
  }
  return [name, fallback];
}
