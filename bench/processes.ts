/** Memory and processor time of a process and all that it started, from `/proc`. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessUse {
  readonly pid: number;
  readonly rssMB: number;
  readonly pssMB: number;
  /** user and system time so far; ticks are 10 ms on every Linux that Node runs on */
  readonly cpuSeconds: number;
}

/** `undefined` where it ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Fields of `/proc/<pid>/stat` after the name, which may hold spaces: state, parent, … */
function statFields(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`) ?? "";
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** `root` first, then its descendants by process id. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function kilobytes(text: string | undefined, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text ?? "")?.[1] ?? 0);
}

export function usage(pid: number): ProcessUse {
  const fields = statFields(pid);
  return {
    pid,
    rssMB: kilobytes(read(`/proc/${pid}/status`), "VmRSS") / 1024,
    pssMB: kilobytes(read(`/proc/${pid}/smaps_rollup`), "Pss") / 1024,
    cpuSeconds: (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100,
  };
}

export function isAlive(pid: number): boolean {
  const state = statFields(pid)[0];
  return state !== undefined && state !== "" && state !== "Z";
}
