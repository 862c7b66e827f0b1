/** Names of saved files: prefixes, subfolders, counters. Section 9.2 of the behaviour reference. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { NodeError } from "@hearth/engine";
import { OutsideError, resolveInsideSync } from "@hearth/protocol";

/** Where the next files of one save go. `counter` grows with each. */
export interface SaveTarget {
  readonly folder: string;
  /** relative to the root, `""` for none */
  readonly subfolder: string;
  readonly name: string;
  counter: number;
}

/** Size of the first picture, for `%width%` and `%height%`. Savers of other media have none: 0. */
export interface SaveSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Resolves a prefix below `root`, makes its folder, and finds the first free counter.
 * @throws NodeError when the prefix leaves the folder
 */
export async function saveTarget(
  prefix: string,
  root: string,
  size: SaveSize = { width: 0, height: 0 },
  now = new Date(),
): Promise<SaveTarget> {
  const relative = path.normalize(prefix.includes("%") ? expandPrefix(prefix, size, now) : prefix);
  const trimmed = relative.length > 1 && relative.endsWith(path.sep) ? relative.slice(0, -1) : relative;
  const name = path.basename(trimmed);
  const subfolder = path.dirname(trimmed) === "." ? "" : path.dirname(trimmed);
  const folder = folderInside(root, subfolder);
  await mkdir(folder, { recursive: true });
  return { folder, subfolder, name, counter: nextCounter(await readdir(folder), name) };
}

function folderInside(root: string, subfolder: string): string {
  try {
    return resolveInsideSync(root, subfolder);
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    throw new NodeError(
      "**** ERROR: Saving image outside the output folder is not allowed.\n" +
        ` full_output_folder: ${subfolder}`,
      "Exception",
    );
  }
}

/** `%width%`, `%height%` and the local time. `%batch_num%` is left for each picture. */
function expandPrefix(prefix: string, { width, height }: SaveSize, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const values: Record<string, string> = {
    width: String(width),
    height: String(height),
    year: String(now.getFullYear()),
    month: two(now.getMonth() + 1),
    day: two(now.getDate()),
    hour: two(now.getHours()),
    minute: two(now.getMinutes()),
    second: two(now.getSeconds()),
  };
  return Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`%${key}%`, value), prefix);
}

/** 1 + the largest number that follows `<name>_`; other texts count as 0. */
export function nextCounter(files: readonly string[], name: string): number {
  const fold = process.platform === "win32" ? (text: string): string => text.toLowerCase() : String;
  const start = fold(`${name}_`);
  let largest = 0;
  for (const file of files) {
    if (!fold(file).startsWith(start)) continue;
    const digits = /^\d+(?=[_.]|$)/.exec(file.slice(start.length))?.[0];
    if (digits !== undefined) largest = Math.max(largest, Number(digits));
  }
  return largest + 1;
}

/**
 * Writes one numbered file: `write` fills a temporary file of the same folder, which then takes its name, so that
 * nobody ever reads half a file. A number that another job took meanwhile is passed over.
 * @returns the file's name; `target.counter` has moved on
 */
export async function saveNumbered(
  target: SaveTarget,
  fileName: (name: string, counter: string) => string,
  write: (temporary: string) => Promise<void>,
): Promise<string> {
  // A name with %batch_num% never matches existing files: its numbers start again and overwrite, as on ComfyUI.
  const overwrite = target.name.includes("%batch_num%");
  const temporary = path.join(target.folder, `.part-${randomUUID()}`);
  try {
    await write(temporary);
    for (;;) {
      const name = fileName(target.name, String(target.counter++).padStart(5, "0"));
      if (await publish(temporary, path.join(target.folder, name), overwrite)) return name;
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Gives the file its name; false when the name is taken. */
async function publish(temporary: string, final: string, overwrite: boolean): Promise<boolean> {
  if (!overwrite) {
    try {
      await link(temporary, final);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      // Some file systems (exFAT, network shares) have no links; there the rename below may replace a file that
      // another job wrote in the same instant.
      if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
    }
  }
  await rename(temporary, final);
  return true;
}
