/** How this installation starts native workers. */
import path from "node:path";
import type { Folders } from "@hearth/protocol";
import { keptSecret, linkSocketPath, type WorkerLauncher } from "@hearth/hub";
import { settingsDigest, startWorker, type WorkerSettings } from "@hearth/worker";

/** Without a hub and idle for so long, a worker ends. */
const ORPHAN_MS = 30_000;

export type LauncherOptions = Pick<
  WorkerSettings,
  "metadata" | "previewSize" | "cache" | "packs" | "modelFolders"
>;

export function nativeLauncher(
  folders: Folders,
  databaseFile: string,
  options: LauncherOptions,
): WorkerLauncher {
  const settingsFor = (workerId: string): WorkerSettings => ({
    workerId,
    socket: linkSocketPath(folders),
    token: keptSecret(path.dirname(databaseFile), "link-token").secret,
    folders,
    orphanMs: Number(process.env["HEARTH_ORPHAN_MS"] ?? ORPHAN_MS),
    ...options,
  });
  return {
    settings: settingsDigest(settingsFor("")),
    start: (workerId) => startWorker(settingsFor(workerId), path.join(folders.studio, "worker.log")),
  };
}
