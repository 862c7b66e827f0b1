/** The one resolver for every path that comes from outside. */
import { readlinkSync, realpathSync } from "node:fs";
import { readlink, realpath } from "node:fs/promises";
import path from "node:path";

/** The path leaves the folder that it must stay in. */
export class OutsideError extends Error {
  constructor(relative: string) {
    super(`path leaves its folder: ${JSON.stringify(relative)}`);
    this.name = "OutsideError";
  }
}

function contains(root: string, target: string): boolean {
  return target === root || target.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

function lexical(root: string, parts: readonly string[]): string {
  if (parts.some((part) => part.includes("\0"))) throw new OutsideError(parts.join("/"));
  const target = path.resolve(root, ...parts);
  if (!contains(path.resolve(root), target)) throw new OutsideError(parts.join("/"));
  return target;
}

/**
 * Joins `parts` below `root`; the result exists or not, but is inside `root`, also through symbolic links.
 * @throws OutsideError
 */
export async function resolveInside(root: string, ...parts: string[]): Promise<string> {
  const target = lexical(root, parts);
  const [realRoot, realTarget] = await Promise.all([realOf(root), realOf(target)]);
  if (!contains(realRoot, realTarget)) throw new OutsideError(parts.join("/"));
  return target;
}

/** The same, without waiting: for node code that runs in a worker. */
export function resolveInsideSync(root: string, ...parts: string[]): string {
  const target = lexical(root, parts);
  if (!contains(realOfSync(root), realOfSync(target))) throw new OutsideError(parts.join("/"));
  return target;
}

/** As many links as the kernel follows. */
const MAX_LINKS = 40;

/**
 * The real path of the deepest ancestor that exists, with the rest appended. A link whose end does not exist yet is
 * followed too: writing to it would make the file there.
 */
async function realOf(from: string): Promise<string> {
  let links = 0;
  for (let head = from, tail = ""; ;) {
    const real = await realpath(head).catch(() => undefined);
    if (real !== undefined) return path.join(real, tail);
    const end = await readlink(head).catch(() => undefined);
    if (end !== undefined) {
      if ((links += 1) > MAX_LINKS) throw new OutsideError(from);
      head = path.resolve(path.dirname(head), end);
      continue;
    }
    const parent = path.dirname(head);
    if (parent === head) return from;
    tail = path.join(path.basename(head), tail);
    head = parent;
  }
}

function realOfSync(from: string): string {
  let links = 0;
  for (let head = from, tail = ""; ;) {
    const real = orUndefined(() => realpathSync(head));
    if (real !== undefined) return path.join(real, tail);
    const end = orUndefined(() => readlinkSync(head));
    if (end !== undefined) {
      if ((links += 1) > MAX_LINKS) throw new OutsideError(from);
      head = path.resolve(path.dirname(head), end);
      continue;
    }
    const parent = path.dirname(head);
    if (parent === head) return from;
    tail = path.join(path.basename(head), tail);
    head = parent;
  }
}

function orUndefined(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
