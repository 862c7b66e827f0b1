/** Which root a file lies in, how it is called there, and which tags follow from that. */
import { realpath } from "node:fs/promises";
import path from "node:path";
import type { Folders } from "@hearth/protocol";
import type { ModelFolders } from "../files/model-folders.ts";
import type { AssetFile, RootName } from "./asset.ts";
import { inputFolderTag, modelTypeTag } from "./tag-names.ts";

/** Directories by root and model type. Plain data: it is handed to threads. */
export interface AssetRoots {
  readonly input: string;
  readonly output: string;
  readonly temp: string;
  readonly models: string;
  readonly types: readonly ModelType[];
}

export interface ModelType {
  readonly type: string;
  /** absolute */
  readonly directories: readonly string[];
  /** lower-case endings with their dot; empty: every file */
  readonly extensions: readonly string[];
}

export interface LocatedFile {
  readonly file: AssetFile;
  /** that follow from where it lies */
  readonly tags: readonly string[];
}

/** Types that hold programs or folders, not model files. */
const NO_MODELS = new Set(["custom_nodes"]);

export function assetRoots(folders: Folders, modelFolders: ModelFolders): AssetRoots {
  const types = [...modelFolders].flatMap(([type, { paths, extensions }]) =>
    extensions === "folders" || NO_MODELS.has(type) ? [] : [{ type, directories: paths, extensions }],
  );
  const { input, output, temp, models } = folders;
  return { input, output, temp, models, types };
}

/** The path of `file` below `directory` with `/` between its parts; `undefined` when it is not below. */
export function relativeTo(directory: string, file: string): string | undefined {
  const relative = path.relative(directory, file);
  const outside = relative === "" || relative.startsWith("..") || path.isAbsolute(relative);
  return outside ? undefined : relative.split(path.sep).join("/");
}

interface ModelPlace {
  readonly type: string;
  /** in the type's directory */
  readonly path: string;
  /** the file's ending is one that the type loads */
  readonly isLoaded: boolean;
}

/** The types of model in whose directories a file lies; those that load it come first. */
function modelPlaces(roots: AssetRoots, file: string): ModelPlace[] {
  const extension = path.extname(file).toLowerCase();
  const places = roots.types.flatMap(({ type, directories, extensions }) => {
    for (const directory of directories) {
      const relative = relativeTo(directory, file);
      const isLoaded = extensions.length === 0 || extensions.includes(extension);
      if (relative !== undefined) return [{ type, path: relative, isLoaded }];
    }
    return [];
  });
  return places.toSorted((one, other) => Number(other.isLoaded) - Number(one.isLoaded));
}

/** Finds the root of an absolute path. `undefined`: no asset can lie there. A file in `models` that no type loads has no tags. */
export function locate(roots: AssetRoots, file: string): LocatedFile | undefined {
  const models = modelPlaces(roots, file);
  const loaded = models.filter(({ isLoaded }) => isLoaded);
  const modelTags = loaded.length === 0 ? [] : ["models", ...loaded.map(({ type }) => modelTypeTag(type))];
  // One folder may lie in another; the deepest is the file's own.
  const places = (["temp", "input", "output"] as const)
    .map((root) => ({ root, relative: relativeTo(roots[root], file) }))
    .filter((place): place is { root: "temp"; relative: string } => place.relative !== undefined)
    .sort((one, other) => one.relative.length - other.relative.length);
  const place = places[0];
  if (place !== undefined) {
    const { root, relative } = place;
    const folder = (root as RootName) === "input" ? inputFolderTag(relative) : undefined;
    const tags = [root, ...(folder === undefined ? [] : [folder]), ...modelTags];
    const loaderPath = loaded[0]?.path ?? relative;
    return { file: { path: file, root, loaderPath, displayPath: relative }, tags };
  }
  const first = models[0];
  if (first === undefined) return undefined;
  const displayPath = relativeTo(roots.models, file) ?? `${first.type}/${first.path}`;
  return { file: { path: file, root: "models", loaderPath: first.path, displayPath }, tags: modelTags };
}

/**
 * True when the file really lies in its root. In `models` the operator's links count as theirs: large models are kept on
 * other disks by them, and no request makes a link.
 */
export async function isInside(roots: AssetRoots, file: AssetFile): Promise<boolean> {
  if (locate(roots, file.path) === undefined) return false;
  if (file.root === "models") return true;
  const [root, real] = await Promise.all([realpath(roots[file.root]), realpath(file.path)]).catch(() => []);
  return root !== undefined && real !== undefined && relativeTo(root, real) !== undefined;
}
