/**
 * Loaded into every process of a server under test (`NODE_OPTIONS=--import=…`): a disk that is full or slow for as long
 * as a file says so. `SICK_DISK` names that file, which holds `full` or `slow <milliseconds>`. Only writes below `output`
 * and `temp` find the disk full; the wait for the database's disk is what gets slow.
 */
import fs from "node:fs";
import module from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const flagFile = process.env["SICK_DISK"];
/** Folders of `TestServer`. */
const OF_JOBS = /\/hearth-test-[^/]+\/(output|temp)\//;
const { readFileSync } = fs;
const real = { writeFile: fs.promises.writeFile, promisedOpen: fs.promises.open, open: fs.open };

type Sickness = { readonly kind: "full" } | { readonly kind: "slow"; readonly ms: number } | undefined;

function sickness(): Sickness {
  let text: string;
  try {
    text = readFileSync(flagFile ?? "", "utf8");
  } catch {
    return undefined;
  }
  if (text === "full") return { kind: "full" };
  return text.startsWith("slow ") ? { kind: "slow", ms: Number(text.slice(5)) } : undefined;
}

function noSpace(file: unknown): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`ENOSPC: no space left on device, write '${String(file)}'`);
  return Object.assign(error, { code: "ENOSPC", errno: -28, syscall: "write" });
}

const isWriting = (flags: unknown): boolean => typeof flags === "string" && /[wa+]/.test(flags);

/** Waits, or fails, as the disk is. */
async function meet(file: unknown): Promise<void> {
  const sick = sickness();
  if (sick === undefined || typeof file !== "string" || !OF_JOBS.test(file)) return;
  if (sick.kind === "full") throw noSpace(file);
  await sleep(sick.ms);
}

if (flagFile !== undefined) {
  fs.promises.writeFile = (async (file: unknown, ...rest: unknown[]) => {
    await meet(file);
    return (real.writeFile as (...all: unknown[]) => Promise<void>)(file, ...rest);
  }) as typeof fs.promises.writeFile;
  fs.promises.open = (async (file: unknown, flags: unknown, ...rest: unknown[]) => {
    if (isWriting(flags)) await meet(file);
    return (real.promisedOpen as (...all: unknown[]) => Promise<fs.promises.FileHandle>)(
      file,
      flags,
      ...rest,
    );
  }) as typeof fs.promises.open;
  // Streams open their files through this.
  fs.open = ((file: unknown, ...rest: unknown[]) => {
    const callback = rest.at(-1) as (error: Error) => void;
    const open = (): void => (real.open as (...all: unknown[]) => void)(file, ...rest);
    if (!isWriting(rest[0])) open();
    else meet(file).then(open, callback);
  }) as typeof fs.open;
  const handle = await real.promisedOpen(process.execPath, "r");
  const handles = Object.getPrototypeOf(handle) as fs.promises.FileHandle;
  await handle.close();
  for (const name of ["datasync", "sync"] as const) {
    const wait = handles[name];
    handles[name] = async function (this: fs.promises.FileHandle): Promise<void> {
      const sick = sickness();
      if (sick?.kind === "slow") await sleep(sick.ms);
      return wait.call(this);
    };
  }
  module.syncBuiltinESMExports();
}
