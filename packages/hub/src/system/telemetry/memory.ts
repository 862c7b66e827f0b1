/**
 * Memory of this machine, or of the part of it that this process may use: a container's limit is a control group, of
 * version 2 (`memory.max`) or 1 (`memory.limit_in_bytes`).
 */
import { readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

export interface Memory {
  /** bytes */
  readonly total: number;
  /** bytes; files that the system merely remembers do not count */
  readonly used: number;
}

/** Where the system tells about itself; tests have folders of their own. */
export interface SystemRoots {
  readonly proc: string;
  readonly cgroup: string;
}

export const SYSTEM_ROOTS: SystemRoots = { proc: "/proc", cgroup: "/sys/fs/cgroup" };

interface Generation {
  readonly limit: string;
  readonly usage: string;
  /** the entry of `memory.stat` that says how much is remembered files */
  readonly remembered: string;
  readonly root: (cgroup: string) => string;
  /** the line of `/proc/self/cgroup` that names the group */
  readonly line: RegExp;
}

const V2: Generation = {
  limit: "memory.max",
  usage: "memory.current",
  remembered: "inactive_file",
  root: (cgroup) => cgroup,
  line: /^0::(\/.*)$/m,
};
const V1: Generation = {
  limit: "memory.limit_in_bytes",
  usage: "memory.usage_in_bytes",
  remembered: "total_inactive_file",
  root: (cgroup) => path.join(cgroup, "memory"),
  line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m,
};

/** The tightest limit that holds for this process, and what is used of it; without a limit, the machine's memory. */
export async function readMemory(roots: SystemRoots = SYSTEM_ROOTS): Promise<Memory> {
  const host = await hostMemory(roots);
  const group = (await groupMemory(roots, V2)) ?? (await groupMemory(roots, V1));
  return group !== undefined && group.total < host.total ? group : host;
}

async function hostMemory({ proc }: SystemRoots): Promise<Memory> {
  const text = (await textOf(path.join(proc, "meminfo"))) ?? "";
  const bytes = (name: string): number | undefined => {
    const found = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1];
    return found === undefined ? undefined : Number(found) * 1024;
  };
  const total = bytes("MemTotal") ?? os.totalmem();
  return { total, used: Math.max(0, total - (bytes("MemAvailable") ?? os.freemem())) };
}

async function groupMemory(roots: SystemRoots, generation: Generation): Promise<Memory | undefined> {
  const root = generation.root(roots.cgroup);
  const own = generation.line.exec((await textOf(path.join(roots.proc, "self/cgroup"))) ?? "")?.[1] ?? "/";
  let tightest: { total: number; folder: string } | undefined;
  // A limit holds for everything below it, so each group above counts too. In a container the path may be one of the
  // machine outside, which is not there: then the root is the container's own group.
  for (let group = path.normalize(own); ; group = path.dirname(group)) {
    const folder = path.join(root, group);
    const total = await numberIn(path.join(folder, generation.limit));
    if (total !== undefined && total < (tightest?.total ?? Infinity)) tightest = { total, folder };
    if (group === "/" || group === ".") break;
  }
  if (tightest === undefined) return undefined;
  const { total, folder } = tightest;
  const usage = await numberIn(path.join(folder, generation.usage));
  if (usage === undefined) return undefined;
  const stat = (await textOf(path.join(folder, "memory.stat"))) ?? "";
  const remembered = Number(new RegExp(`^${generation.remembered} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
  return { total, used: Math.min(total, Math.max(0, usage - remembered)) };
}

/** A whole number; `undefined` for "max", and where there is no such file. */
async function numberIn(file: string): Promise<number | undefined> {
  const text = (await textOf(file))?.trim() ?? "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}
