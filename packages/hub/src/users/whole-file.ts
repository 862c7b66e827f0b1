/** Files that appear whole or not at all: written to a temporary one first, then moved to their name. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { moveFile } from "../files/move-file.ts";
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
