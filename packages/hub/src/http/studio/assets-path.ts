/** How Studio names input and output files: `input/…` or `output/…`, with forward slashes. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { type Folders, OutsideError, resolveInside } from "@hearth/protocol";
import { HttpError } from "../errors.ts";

export type AssetFolder = "input" | "output";

export interface AssetPath {
  readonly folder: AssetFolder;
  /** the folder itself, absolute */
  readonly root: string;
  /** below the folder, with forward slashes */
  readonly relative: string;
  /** absolute */
  readonly file: string;
}

/** `inputs` and `outputs` as the seed's lists are called, or the folder's own name. */
export function assetFolder(word: string): AssetFolder | undefined {
  if (word === "input" || word === "inputs") return "input";
  if (word === "output" || word === "outputs") return "output";
  return undefined;
}

/**
 * Reads a name. The file may be absent, but is inside its folder, also through links.
 * @throws HttpError 400 that says what is wrong with the name
 */
export async function assetPath(folders: Folders, name: string): Promise<AssetPath> {
  const [word = "", ...rest] = name.replaceAll("\\", "/").split("/");
  const folder = assetFolder(word);
  const relative = path.posix.normalize(rest.join("/"));
  if (folder === undefined || rest.join("") === "" || relative === ".") {
    throw new HttpError(400, `'${name}' is not a file's path: it must be input/<file> or output/<file>`);
  }
  const root = folders[folder];
  try {
    return { folder, root, relative, file: await resolveInside(root, relative) };
  } catch (error) {
    if (error instanceof OutsideError)
      throw new HttpError(400, `'${name}' leads out of the ${folder} folder`);
    throw error;
  }
}

/** The same for a file that is there. @throws HttpError 404 */
export async function existingAsset(folders: Folders, name: string): Promise<AssetPath> {
  const asset = await assetPath(folders, name);
  const stats = await stat(asset.file).catch(() => undefined);
  if (stats?.isFile() !== true) throw new HttpError(404, `There is no file '${name}'`);
  return asset;
}
