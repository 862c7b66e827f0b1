/** Giving a file another name: whole at every instant, and never over another file unless that was asked for. */
import { copyFile, link, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { temporaryPath } from "./temporary.ts";

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
