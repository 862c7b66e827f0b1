/** What the doctor looks at below the base directory. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import path from "node:path";
import { inspectDatabase, linkSocketPath } from "@hearth/hub";
import type { Folders } from "@hearth/protocol";
import { inspectPacks } from "@hearth/worker";
import { failure, type Finding, fail, ok, warn } from "./finding.ts";

const GIB = 1024 ** 3;
/** Below this a batch of pictures or a download soon fails. */
const LITTLE_GIB = 2;
/** Longer paths of Unix sockets are cut off by the system. */
const MAX_SOCKET_PATH = 107;

const WRITTEN = ["base", "input", "output", "temp", "user", "studio"] as const;

export function checkFolders(folders: Folders): Finding[] {
  return WRITTEN.map((name) => {
    const folder = folders[name];
    try {
      const there = existing(folder);
      accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
      return ok(name, there === folder ? folder : `${folder} will be made at the first start`);
    } catch (error) {
      return failure(name, error);
    }
  });
}

/** The folder itself, or the nearest one above it that is there. */
function existing(folder: string): string {
  const parent = path.dirname(folder);
  return existsSync(folder) || parent === folder ? folder : existing(parent);
}

export function checkDisk(folders: Folders): Finding {
  try {
    const { bavail, bsize } = statfsSync(existing(folders.output));
    const free = (bavail * bsize) / GIB;
    const text = `${free.toFixed(1)} GiB free for ${folders.output}`;
    return free < LITTLE_GIB ? warn("disk", `only ${text}`) : ok("disk", text);
  } catch (error) {
    return failure("disk", error);
  }
}

export function checkLink(folders: Folders): Finding {
  const socket = linkSocketPath(folders);
  if (Buffer.byteLength(socket) > MAX_SOCKET_PATH) {
    return fail("link", `${socket} is too long for a socket: set TMPDIR to a shorter path`);
  }
  try {
    accessSync(path.dirname(socket), constants.W_OK);
    return ok("link", socket);
  } catch (error) {
    return failure("link", error);
  }
}

export function checkDatabase(file: string): Finding {
  try {
    const found = inspectDatabase(file);
    if (found === undefined) return ok("database", `${file} will be made at the first start`);
    if (found.damage.length === 0) return ok("database", `${file}: ${found.jobs} jobs`);
    return fail("database", `${file} is damaged (${found.damage.join("; ")}): restore a copy of it`);
  } catch (error) {
    return fail("database", `${file}: ${(error as Error).message}`);
  }
}

/** Loads every pack, as a worker does: a pack that cannot be loaded is named with its reason. */
export async function checkPacks(folders: Folders, wanted: "all" | readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const folder of folders.customNodes) {
    if (!existsSync(folder)) findings.push(ok("packs", `${folder} is not there: no packs`));
  }
  for (const { name, problem, classes } of await inspectPacks(folders.customNodes, wanted)) {
    const subject = `pack ${name}`;
    findings.push(
      problem === undefined ? ok(subject, `${classes} classes`) : warn(subject, `is left out: ${problem}`),
    );
  }
  return findings;
}
