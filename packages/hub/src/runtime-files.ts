/** Small files that a hub keeps below its base directory: who runs, the link's token, the socket's path. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Folders, parseJson, printJson } from "@hearth/protocol";

/** Process ids and addresses of a running hub: `<base>/hearth.json`. */
export interface RunningFile {
  readonly hub: number;
  readonly starter: number;
  /** the native worker */
  readonly worker?: number | undefined;
  /** all workers that the hub starts, by name */
  readonly workers?: Readonly<Record<string, number>>;
  readonly urls: readonly string[];
}

function runningFile(folders: Folders): string {
  return path.join(folders.base, "hearth.json");
}

export function writeRunningFile(folders: Folders, running: RunningFile): void {
  const file = runningFile(folders);
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${printJson(running, "indent2")}\n`);
  renameSync(temporary, file);
}

/** What the last hub noted; `undefined` when there was none. */
export function readRunningFile(folders: Folders): RunningFile | undefined {
  try {
    return parseJson(readFileSync(runningFile(folders), "utf8")) as unknown as RunningFile;
  } catch {
    return undefined;
  }
}

/**
 * Where workers of this base directory dial. Not below it: people empty those folders while a server runs, and the path
 * of a Unix socket is limited to 107 bytes.
 */
export function linkSocketPath(folders: Folders): string {
  const digest = createHash("sha256").update(folders.base).digest("hex").slice(0, 16);
  return path.join(os.tmpdir(), `hearth-${os.userInfo().uid}-${digest}.sock`);
}

/** A secret kept with mode 0600; made at first use. A worker that outlives its hub dials the next one with it. */
export function keptSecret(folder: string, name: string): { secret: string; isNew: boolean } {
  const file = path.join(folder, name);
  try {
    const secret = readFileSync(file, "utf8").trim();
    if (secret !== "") return { secret, isNew: false };
  } catch {
    // Made below.
  }
  const secret = randomBytes(24).toString("base64url");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return { secret, isNew: true };
}
