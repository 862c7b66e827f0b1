/** Files of one user, below the user's folder (section 3.14). */
import { createWriteStream } from "node:fs";
import { lstat, mkdir, rename, rm, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { finished, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { resolveInside } from "@hearth/protocol";
import { EmptyError, HttpError } from "../http/errors.ts";
import { ByteLimit } from "../http/request-body.ts";
import { moveFile } from "../files/move-file.ts";
import { newTemporary } from "./whole-file.ts";
import type { Users } from "./users.ts";

/** The name belongs to a file that must stay. */
export class NameTakenError extends Error {
  constructor() {
    super("File already exists");
    this.name = "NameTakenError";
  }
}

/** The system takes no file of this name. */
export class BadNameError extends Error {
  constructor(cause: NodeJS.ErrnoException) {
    super(`Invalid filename (${cause.code}). Please avoid special characters and names of folders`, {
      cause,
    });
    this.name = "BadNameError";
  }
}

/** There is no such file. */
export class NoFileError extends Error {
  constructor(relative: string) {
    super(`there is no ${JSON.stringify(relative)}`);
    this.name = "NoFileError";
  }
}

/** What the disk says of a file. */
export interface FileInfo {
  /** relative to the user's folder, with `/` */
  readonly path: string;
  /** bytes */
  readonly size: number;
  /** Unix milliseconds */
  readonly modifiedMs: number;
  /** Unix milliseconds */
  readonly createdMs: number;
}

/**
 * A path as clients give it: decoded once by the router, and once more while percent signs are left in it. What is no
 * encoding stays as it is.
 */
export function decodeAgain(given: string): string {
  if (!given.includes("%")) return given;
  return given.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** Reads and writes the files of one user. Every path given is as a client wrote it, and must stay inside. */
export class UserFiles {
  /** the user's folder; it may not exist */
  readonly root: string;
  readonly #userFolder: string;

  constructor(users: Users, user: string) {
    this.root = users.folderOf(user);
    this.#userFolder = users.folder;
  }

  /** The absolute path of what `given` names. @throws OutsideError when that is not in the user's folder */
  resolve(given: string): Promise<string> {
    return resolveInside(this.root, decodeAgain(given));
  }

  /** @throws NoFileError */
  async info(file: string): Promise<FileInfo> {
    const stats = await stat(file).catch(() => undefined);
    const relative = this.relative(file);
    if (stats === undefined) throw new NoFileError(relative);
    return { path: relative, size: stats.size, modifiedMs: stats.mtimeMs, createdMs: stats.birthtimeMs };
  }

  /** A path as clients see it. */
  relative(file: string): string {
    return path.relative(this.root, file).replaceAll(path.sep, "/");
  }

  /**
   * Writes a file from a body in constant memory. It appears when the body has arrived whole; folders are made for it.
   * @param limit bytes of the body
   * @returns its absolute path
   * @throws OutsideError, NameTakenError, BadNameError, HttpError 413 and 507, EmptyError 400 for a body that is cut short
   */
  async write(given: string, body: Readable | undefined, limit: number, overwrite: boolean): Promise<string> {
    const target = await this.resolve(given);
    if (!overwrite && (await exists(target))) throw new NameTakenError();
    const temporary = await newTemporary(this.#userFolder);
    try {
      if (body === undefined) await writeFile(temporary, "", { flag: "wx" });
      else await receive(body, temporary, limit);
      await this.#place(given, target, (to) => moveFile(temporary, to, overwrite));
      return target;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Gives a file or folder another name; folders are made for it.
   * @returns the new absolute path
   * @throws OutsideError, NoFileError, NameTakenError, BadNameError
   */
  async move(from: string, to: string, overwrite: boolean): Promise<string> {
    const source = await this.resolve(from);
    const found = await lstat(source).catch(() => undefined);
    if (found === undefined) throw new NoFileError(from);
    const target = await this.resolve(to);
    if (!overwrite && (await exists(target))) throw new NameTakenError();
    if (source === target) return target;
    await this.#place(to, target, (place) =>
      found.isDirectory() ? rename(source, place) : moveFile(source, place, overwrite),
    );
    return target;
  }

  /**
   * Removes a file.
   * @throws OutsideError, NoFileError, HttpError 400 for a folder
   */
  async remove(given: string): Promise<void> {
    const file = await this.resolve(given);
    const found = await lstat(file).catch(() => undefined);
    if (found === undefined) throw new NoFileError(given);
    if (found.isDirectory()) throw new HttpError(400, `${JSON.stringify(given)} is a folder`);
    await unlink(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      throw new NoFileError(given);
    });
  }

  /** Makes the folder of `target` and lets `move` put something there; takes new folders away when that fails. */
  async #place(given: string, target: string, move: (target: string) => Promise<void>): Promise<void> {
    const folder = path.dirname(target);
    let made: string | undefined;
    try {
      made = await mkdir(folder, { recursive: true });
      // A folder on the way may have become a link since the path was looked at.
      await this.resolve(given);
      await move(target);
    } catch (error) {
      if (made !== undefined) await removeEmpty(folder, made);
      throw asAnswer(error as NodeJS.ErrnoException);
    }
  }
}

/** Writes a body to a new file. A body that fails is only let go of: its sender may still read the answer. */
async function receive(body: Readable, file: string, limit: number): Promise<void> {
  const bounded = new ByteLimit(limit);
  const stopListening = finished(body, { writable: false }, (error) => {
    if (error != null) bounded.destroy(new EmptyError(400));
  });
  body.pipe(bounded);
  try {
    await pipeline(bounded, createWriteStream(file, { flags: "wx" }));
  } catch (error) {
    throw asAnswer(error as NodeJS.ErrnoException);
  } finally {
    stopListening();
    body.unpipe(bounded);
  }
}

async function exists(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined)) !== undefined;
}

/** Removes `folder` and its parents up to `top`, as long as they are empty. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  for (let at = folder; at.length >= top.length; at = path.dirname(at)) {
    const gone = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!gone) return;
  }
}

/** What the system says of names is the client's to hear. */
function asAnswer(error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case "EEXIST":
      // From a folder that cannot be made it is a bad name, from a link it is a taken one.
      return error.syscall === "mkdir" ? new BadNameError(error) : new NameTakenError();
    case "ENOSPC":
    case "EDQUOT":
      return new HttpError(507);
    case "ENOENT":
    case "ENOTDIR":
    case "EISDIR":
    case "ENOTEMPTY":
    case "EBUSY":
    case "EPERM":
    case "EACCES":
    case "EROFS":
    case "ENAMETOOLONG":
    case "EINVAL":
    case "ELOOP":
      return new BadNameError(error);
    default:
      return error;
  }
}
