/** The one resolver for every path that comes from outside. */
import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
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
  const [realRoot, realTarget] = await Promise.all([
    realOrSelf(root, (value) => realpath(value)),
    realOrSelf(target, (value) => realpath(value)),
  ]);
  if (!contains(realRoot, realTarget)) throw new OutsideError(parts.join("/"));
  return target;
}

/** The same, without waiting: for node code that runs in a worker. */
export function resolveInsideSync(root: string, ...parts: string[]): string {
  const target = lexical(root, parts);
  const real = (from: string): string => {
    for (let head = from, tail = ""; ; ) {
      try {
        return path.join(realpathSync(head), tail);
      } catch {
        const parent = path.dirname(head);
        if (parent === head) return from;
        tail = path.join(path.basename(head), tail);
        head = parent;
      }
    }
  };
  if (!contains(real(root), real(target))) throw new OutsideError(parts.join("/"));
  return target;
}

/** The real path of the deepest ancestor that exists, with the rest appended. */
async function realOrSelf(from: string, real: (value: string) => Promise<string>): Promise<string> {
  for (let head = from, tail = ""; ; ) {
    try {
      return path.join(await real(head), tail);
    } catch {
      const parent = path.dirname(head);
      if (parent === head) return from;
      tail = path.join(path.basename(head), tail);
      head = parent;
    }
  }
}
