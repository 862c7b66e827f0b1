/** Files that appear whole or not at all: written to a temporary one first, then moved to their name. */
import { copyFile, link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { temporaryPath } from "../files/temporary.ts";

/** Below the folder of all users; names that start so are no user's, so no client sees it. */
const TEMPORARY = "__temporary";

/** The folder for files in the making. */
export function temporaryFolder(userFolder: string): string {
  return path.join(userFolder, TEMPORARY);
}

/** A path for a file in the making; its folder is made. */
export async function newTemporary(userFolder: string): Promise<string> {
  const folder = temporaryFolder(userFolder);
  await mkdir(folder, { recursive: true });
  return temporaryPath(folder);
}

/** Writes a small file, through to the disk. */
export async function writeWhole(userFolder: string, target: string, text: string): Promise<void> {
  const temporary = await newTemporary(userFolder);
  try {
    await writeFile(temporary, text, { flush: true });
    await mkdir(path.dirname(target), { recursive: true });
    await moveFile(temporary, target, true);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What systems without hard links say of one. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * Gives a file another name, also on another file system. Without `overwrite` a taken name is an `EEXIST` error, however
 * late it was taken.
 */
export async function moveFile(source: string, target: string, overwrite: boolean): Promise<void> {
  try {
    if (overwrite) return await rename(source, target);
    await link(source, target);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EXDEV") await copyTo(source, target, overwrite);
    else if (!overwrite && NO_LINKS.has(code)) {
      // An empty file holds the name for a moment.
      await writeFile(target, "", { flag: "wx" });
      return rename(source, target);
    } else throw error;
  }
  await rm(source);
}

/** From another file system: whole beside the target first. */
async function copyTo(source: string, target: string, overwrite: boolean): Promise<void> {
  const beside = temporaryPath(path.dirname(target));
  try {
    await copyFile(source, beside);
    await moveFile(beside, target, overwrite);
  } finally {
    await rm(beside, { force: true });
  }
}
