/** Giving a finished file its name: never half written, never over another one unless that was asked for. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { OutsideError, resolveInside } from "@hearth/protocol";
import { EmptyError, HttpError } from "../http/errors.ts";
import { moveFile } from "./move-file.ts";

export interface Placement {
  readonly root: string;
  readonly subfolder: string;
  /** as the client named it; may lead into a folder that exists */
  readonly filename: string;
  readonly overwrite: boolean;
  /** a file of this content and name is kept instead of adding another */
  readonly size: number;
  readonly sha256: string;
}

export interface Claim {
  readonly name: string;
  readonly target: string;
  /** `target` exists and has the content already */
  readonly duplicate: boolean;
}

/** More files of one name are somebody's mistake. */
const MAX_COPIES = 10_000;

/**
 * Chooses the name: the given one, or `<stem> (1)<ext>` and so on while it belongs to other content. Makes the
 * sub-folder.
 * @throws EmptyError 400 when the name leads out of `root` or cannot be a file's
 */
export async function claimName(placement: Placement): Promise<Claim> {
  const { root, subfolder, filename, overwrite } = placement;
  const base = filename.slice(filename.lastIndexOf("/") + 1);
  if (base === "" || base === "." || base === "..") throw new EmptyError(400);
  await mkdir(await inside(root, subfolder), { recursive: true }).catch(badName);
  const extension = path.extname(base);
  const stem = filename.slice(0, filename.length - extension.length);
  for (let copy = 0; copy <= MAX_COPIES; copy += 1) {
    const name = copy === 0 ? filename : `${stem} (${copy})${extension}`;
    const target = await inside(root, subfolder, name);
    const existing = await lstat(target).catch((error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? undefined : badName(error),
    );
    if (existing === undefined) return { name, target, duplicate: false };
    if (existing.isDirectory()) throw new EmptyError(400);
    if (overwrite) return { name, target, duplicate: false };
    if (existing.size === placement.size && (await sha256Of(target)) === placement.sha256) {
      return { name, target, duplicate: true };
    }
  }
  throw new HttpError(400, `there are too many files named ${JSON.stringify(filename)}`);
}

/** Moves `source` to the name it gets, and answers with that name. `source` is gone afterwards. */
export async function placeFile(source: string, placement: Placement): Promise<string> {
  try {
    for (;;) {
      const claim = await claimName(placement);
      if (claim.duplicate) return claim.name;
      // Another upload may have taken the name since: then choose again.
      if (await moveTo(source, claim.target, placement.overwrite)) return claim.name;
    }
  } finally {
    await rm(source, { force: true });
  }
}

/** False when the name is taken. */
async function moveTo(source: string, target: string, overwrite: boolean): Promise<boolean> {
  try {
    await moveFile(source, target, overwrite);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    return badName(error as NodeJS.ErrnoException);
  }
}

async function inside(root: string, ...parts: string[]): Promise<string> {
  try {
    return await resolveInside(root, ...parts);
  } catch (error) {
    if (error instanceof OutsideError) throw new EmptyError(400);
    throw error;
  }
}

/** Errors that the client's names cause are the client's. */
function badName(error: NodeJS.ErrnoException): never {
  const { code } = error;
  if (code === "ENOSPC" || code === "EDQUOT") throw new HttpError(507);
  const theirs = ["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENAMETOOLONG", "EINVAL", "ELOOP", "ENOTEMPTY"];
  throw code !== undefined && theirs.includes(code) ? new EmptyError(400) : error;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
