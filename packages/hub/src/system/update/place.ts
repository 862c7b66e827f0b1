/** Putting a new file or folder in the place of an old one, so that at every instant one of the two is there whole. */
import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const NEW = ".update-new";
const OLD = ".update-old";

/** Puts `source`, on the same file system, in the place of `target`. */
export async function place(source: string, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const stats = await lstat(target).catch(() => undefined);
  if (stats?.isDirectory() !== true) {
    await rename(source, target);
    return;
  }
  // A folder that holds something cannot be renamed over. Between the two renames only `OLD` is there: `repair` knows.
  const old = target + OLD;
  await rm(old, { recursive: true, force: true });
  await rename(target, old);
  await rename(source, target);
  await rm(old, { recursive: true, force: true });
}

/** Where what is to be put in the place of `target` is made. */
export async function placeToMake(target: string): Promise<string> {
  await mkdir(path.dirname(target), { recursive: true });
  const made = target + NEW;
  await rm(made, { recursive: true, force: true });
  return made;
}

/** Ends what a process that was killed in the middle of `place` left in `folder`. */
export async function repair(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    if (name.endsWith(NEW)) await rm(file, { recursive: true, force: true });
    if (!name.endsWith(OLD)) continue;
    const target = file.slice(0, -OLD.length);
    const isThere = (await lstat(target).catch(() => undefined)) !== undefined;
    if (isThere) await rm(file, { recursive: true, force: true });
    else await rename(file, target);
  }
}

/** Writes a small file whole or not at all, through to the disk. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const made = await placeToMake(file);
  await writeFile(made, text, { flush: true });
  await rename(made, file);
}
