/** The folder of a job's own files below the input folder: `control/<id>`. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { resolveInside } from "@hearth/protocol";
import { hashFile } from "../assets/scan/hash-file.ts";
import type { ControlFile } from "./details.ts";

const PARENT = "control";
/** The graph as it was sent, where it is not what runs. Hidden, so that no list of files shows it. */
const ORIGINAL = ".workflow.json";
/** Longer names of placeholders are cut in file names, and numbered. */
const LONGEST_STEM = 100;

export class JobFolder {
  readonly #input: string;
  readonly path: string;
  readonly #id: string;

  /** `id`: a UUID, checked by the caller */
  constructor(input: string, id: string) {
    this.#input = input;
    this.#id = id;
    this.path = path.join(input, PARENT, id);
  }

  /** Makes the folder. @throws OutsideError when somebody put a link in its place that leads out of the input folder */
  async make(): Promise<string> {
    await resolveInside(this.#input, PARENT, this.#id);
    await mkdir(this.path, { recursive: true });
    return this.path;
  }

  /** Where the `index`-th file of a request is to lie, relative to the input folder; its ending is the client's. */
  fileFor(placeholder: string, clientName: string, index: number): string {
    const ending = /\.[A-Za-z0-9]{1,10}$/.exec(clientName)?.[0] ?? "";
    const stem =
      placeholder.length > LONGEST_STEM ? `${placeholder.slice(0, LONGEST_STEM)}-${index}` : placeholder;
    return `${PARENT}/${this.#id}/${stem}${ending}`;
  }

  /**
   * Gives a file that arrived its place; one that has it already stays. `verify`: it is read and compared with what
   * arrived, since a process died meanwhile. @throws Error that says what is wrong with the file
   */
  async store(file: ControlFile, verify: boolean): Promise<void> {
    const target = path.join(this.#input, file.file);
    const arrived = path.join(this.path, file.arrived);
    try {
      await rename(arrived, target);
    } catch (error) {
      const isStored = (error as NodeJS.ErrnoException).code === "ENOENT" && (await exists(target));
      if (!isStored) throw lost(file, error as Error);
    }
    if (!verify) return;
    const { hash } = await hashFile(target);
    if (hash !== file.hash) {
      throw new Error(
        `the file for $${file.placeholder} ('${file.name}') is not what was sent: send it again`,
      );
    }
  }

  async keepOriginal(text: string): Promise<void> {
    await this.make();
    await writeFile(path.join(this.path, ORIGINAL), text, { flush: true });
  }

  /** The graph as it was sent; `undefined` when it is what runs, or is gone. */
  async original(): Promise<string | undefined> {
    return readFile(path.join(this.path, ORIGINAL), "utf8").catch(() => undefined);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** The ids that have a folder below `input` in which nothing was made for `idleMs` milliseconds. */
export async function folderIds(input: string, idleMs: number): Promise<string[]> {
  const ids = await readdir(path.join(input, PARENT)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  const idle: string[] = [];
  for (const id of ids) {
    const stats = await stat(path.join(input, PARENT, id)).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs >= idleMs) idle.push(id);
  }
  return idle;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function lost(file: ControlFile, error: Error): Error {
  const text = `the file for $${file.placeholder} ('${file.name}') could not be stored: ${error.message}`;
  return new Error(text, { cause: error });
}
