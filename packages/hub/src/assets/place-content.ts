/** Giving a content its file: `<hash><ending>` in a folder, whole or not at all. */
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { OutsideError, resolveInside } from "@hearth/protocol";
import { temporaryPath } from "../files/temporary.ts";
import { AssetError } from "./errors.ts";
import { hexOf } from "./hash.ts";

const ENDING = /^\.[a-z0-9_-]{1,15}$/;

/** `<64 hex digits><ending>`; the ending is that of the client's file name where it is a harmless one. */
export function contentFileName(hash: string, filename: string): string {
  const ending = path.extname(filename).toLowerCase();
  return hexOf(hash) + (ENDING.test(ending) ? ending : "");
}

/**
 * Moves a finished file into `directory`, below `root`. A file that is there already has the same name because it has the
 * same bytes, or had; it is replaced. Answers with the path. @throws AssetError when the folder leads out of the root
 */
export async function placeContent(
  source: string,
  root: string,
  directory: string,
  name: string,
): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    const target = await resolveInside(root, path.relative(root, directory), name);
    await moveFile(source, target);
    return target;
  } catch (error) {
    if (error instanceof OutsideError) {
      throw new AssetError("INVALID_BODY", 400, "the destination leads out of its folder");
    }
    throw asAssetError(error as NodeJS.ErrnoException);
  }
}

async function moveFile(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    // From another file system: whole beside the target first.
    const beside = temporaryPath(path.dirname(target));
    try {
      await copyFile(source, beside);
      await rename(beside, target);
    } finally {
      await rm(beside, { force: true });
    }
    await rm(source, { force: true });
  }
}

function asAssetError(error: NodeJS.ErrnoException): Error {
  if (error.code === "ENOSPC" || error.code === "EDQUOT") {
    return new AssetError("UPLOAD_IO_ERROR", 507, "There is no space left for the file.");
  }
  return error;
}
