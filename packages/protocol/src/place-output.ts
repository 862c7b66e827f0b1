/**
 * Where an output of another machine or program gets its name: the one rule, for hub and workers. Names are taken with
 * hard links, which fail where there is a file already, so two processes never take one name.
 */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { link, lstat, mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Readable, Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Folders } from "./folders.ts";
import { resolveInside } from "./inside.ts";
import type { StoredFile } from "./link.ts";

/** The name cannot be a file's, or the file is too large; nothing was kept. */
export class OutputError extends Error {
  readonly kind: "name" | "size";
  constructor(kind: "name" | "size", message: string) {
    super(message);
    this.name = "OutputError";
    this.kind = kind;
  }
}

/** What systems without hard links say of one. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);
/** Errors that come of the name that was asked for. */
const NAME_ERRORS = new Set(["ENOTDIR", "EISDIR", "EEXIST", "ENAMETOOLONG", "EINVAL", "ELOOP"]);
/** More files of one name are somebody's mistake. */
const MAX_COPIES = 100_000;
const LONGEST_NAME = 255;
const COMPARED_BYTES = 256 * 1024;
/** `<prefix>_<number>_.<ext>`, as savers of ComfyUI name files */
const NUMBERED = /^(?<prefix>.*)_(?<number>\d{1,12})_(?<extension>\.[^.]*)?$/s;

/**
 * Keeps `content` in the folder of its type. It keeps its name, unless that belongs to other content there: then the
 * next free number of `<prefix>_<number>_.<ext>`, or ` (1)` before the extension. Gives the name it got. Nobody ever
 * reads half a file.
 * @throws OutsideError, OutputError; what reading `content` throws
 */
export async function placeOutput(
  folders: Pick<Folders, "input" | "output" | "temp">,
  file: StoredFile,
  content: Readable,
  limit = Number.POSITIVE_INFINITY,
): Promise<StoredFile> {
  // A ComfyUI on Windows parts folders with backslashes.
  const subfolder = file.subfolder.replaceAll("\\", "/").replace(/\/+$/, "");
  // It may break before anybody reads it.
  content.on("error", () => undefined);
  let part: string | undefined;
  try {
    checkName(file.filename);
    const folder = await resolveInside(folders[file.type], subfolder);
    await mkdir(folder, { recursive: true });
    part = path.join(folder, `.part-${randomUUID()}`);
    await pipeline(content, new SizeLimit(limit), createWriteStream(part, { flags: "wx" }));
    return { filename: await takeName(part, folder, file.filename), subfolder, type: file.type };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (NAME_ERRORS.has(code)) {
      throw new OutputError(
        "name",
        `no file can be named ${JSON.stringify(path.posix.join(subfolder, file.filename))}`,
      );
    }
    throw error;
  } finally {
    // A body that nobody reads on would keep its sender waiting.
    content.resume();
    if (part !== undefined) await rm(part, { force: true });
  }
}

function checkName(filename: string): void {
  const isName =
    filename !== "" &&
    filename !== "." &&
    filename !== ".." &&
    !/[/\\\0]/.test(filename) &&
    Buffer.byteLength(filename) <= LONGEST_NAME;
  if (!isName) throw new OutputError("name", `${JSON.stringify(filename.slice(0, 300))} is no file name`);
}

/** Gives the file `part` of the same folder its name. */
async function takeName(part: string, folder: string, wanted: string): Promise<string> {
  const { size } = await lstat(part);
  let name = wanted;
  for (let copy = 1; copy <= MAX_COPIES; copy += 1) {
    const target = path.join(folder, name);
    if ((await take(part, target)) || (await hasSameContent(part, target, size))) return name;
    name = await nextName(folder, wanted, name, copy);
  }
  throw new OutputError("name", `there are too many files named ${JSON.stringify(wanted)}`);
}

/** False when the name is taken. */
async function take(part: string, target: string): Promise<boolean> {
  try {
    await link(part, target);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  try {
    // An empty file holds the name for a moment.
    await writeFile(target, "", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  await rename(part, target);
  return true;
}

/** The name to try after `last`, which is taken. */
async function nextName(folder: string, wanted: string, last: string, copy: number): Promise<string> {
  const { prefix, number, extension = "" } = NUMBERED.exec(wanted)?.groups ?? {};
  if (prefix === undefined || number === undefined) {
    const ending = path.extname(wanted);
    return `${wanted.slice(0, wanted.length - ending.length)} (${copy})${ending}`;
  }
  // Beyond all numbers of this prefix, as a saver counts: what is saved next does not meet it.
  const start = `${prefix}_`;
  let largest = Number(NUMBERED.exec(last)?.groups?.["number"] ?? 0);
  for (const file of await readdir(folder)) {
    if (!file.startsWith(start)) continue;
    const digits = /^\d{1,12}(?=[_.]|$)/.exec(file.slice(start.length))?.[0];
    if (digits !== undefined) largest = Math.max(largest, Number(digits));
  }
  return `${start}${String(largest + 1).padStart(number.length, "0")}_${extension}`;
}

async function hasSameContent(part: string, target: string, size: number): Promise<boolean> {
  const found = await lstat(target).catch(() => undefined);
  if (found?.isFile() !== true || found.size !== size) return false;
  const one = await open(part);
  const other = await open(target).catch(() => undefined);
  if (other === undefined) {
    await one.close();
    return false;
  }
  const mine = Buffer.allocUnsafe(COMPARED_BYTES);
  const theirs = Buffer.allocUnsafe(COMPARED_BYTES);
  try {
    for (let at = 0; at < size;) {
      const length = Math.min(COMPARED_BYTES, size - at);
      const [read, readToo] = await Promise.all([
        one.read(mine, 0, length, at),
        other.read(theirs, 0, length, at),
      ]);
      const got = Math.min(read.bytesRead, readToo.bytesRead);
      if (got === 0 || mine.compare(theirs, 0, got, 0, got) !== 0) return false;
      at += got;
    }
    return true;
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
}

class SizeLimit extends Transform {
  #left: number;

  constructor(limit: number) {
    super();
    this.#left = limit;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#left -= chunk.length;
    if (this.#left < 0) done(new OutputError("size", "the file is larger than this server takes"));
    else done(null, chunk);
  }
}
