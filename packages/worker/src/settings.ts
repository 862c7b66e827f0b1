/** What a native worker is told at its start; it travels as JSON in one environment variable. */
import { createHash } from "node:crypto";
import type { CacheMode } from "@hearth/engine";
import type { Folders } from "@hearth/protocol";

export interface WorkerSettings {
  readonly workerId: string;
  /** path of the hub's Unix socket (a named pipe on Windows) */
  readonly socket: string;
  readonly token: string;
  readonly folders: Folders;
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
  /** write prompt and workflow into saved files */
  readonly metadata: boolean;
  readonly previewSize: number;
  readonly cache: CacheMode;
  /** no pack at all, or only those named */
  readonly packs: "all" | readonly string[];
  /** ends by itself after so long without a hub, once idle */
  readonly orphanMs: number;
}

const VARIABLE = "HEARTH_WORKER";

/** The environment that hands `settings` to a worker process. */
export function workerEnvironment(settings: WorkerSettings): Record<string, string> {
  return { [VARIABLE]: JSON.stringify(settings) };
}

/** Reads the settings that the starter of this process left. @throws when there are none */
export function readWorkerSettings(): WorkerSettings {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error(`${VARIABLE} is not set: a worker is started by a hub`);
  return JSON.parse(text) as WorkerSettings;
}

/** A digest of all that makes one worker unlike another; identity and address do not count. */
export function settingsDigest(settings: WorkerSettings): string {
  const { workerId: _id, socket: _socket, token: _token, ...rest } = settings;
  return createHash("sha256").update(JSON.stringify(rest)).digest("hex");
}
