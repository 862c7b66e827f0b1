/** What a worker is told at its start; it travels as JSON in one environment variable. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CacheMode } from "@hearth/engine";
import type { Folders } from "@hearth/protocol";

/** Where the hub is: a Unix socket (a named pipe on Windows) of this machine, or its URL. */
export type HubAddress = { readonly socket: string } | { readonly url: string };

export interface NativeEngineSettings {
  readonly kind: "native";
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
  /** write prompt and workflow into saved files */
  readonly metadata: boolean;
  readonly previewSize: number;
  readonly cache: CacheMode;
  /** no pack at all, or only those named */
  readonly packs: "all" | readonly string[];
}

export interface ComfyUiEngineSettings {
  readonly kind: "comfyui";
  /** of the ComfyUI; may have a path, and a name and password */
  readonly url: string;
  /** sent along with every request to it */
  readonly headers?: Readonly<Record<string, string>>;
  /** starts it where it does not run */
  readonly command?: string;
}

export interface WorkerSettings {
  readonly workerId: string;
  /** the same for every process that takes this worker's place */
  readonly name: string;
  readonly hub: HubAddress;
  readonly token: string;
  /** of the hub, on a disk that both see; or this worker's own */
  readonly folders: Folders;
  readonly files: "shared" | "link";
  /** jobs at once */
  readonly concurrency: number;
  readonly tags: readonly string[];
  /** ends by itself after so long without a hub, once idle */
  readonly orphanMs: number;
  readonly engine: NativeEngineSettings | ComfyUiEngineSettings;
  /** room for inputs that were fetched over the link, in bytes; default: 10 GB */
  readonly fileCacheBytes?: number;
  /** of the code that started it; absent: of this code */
  readonly version?: string;
}

const VARIABLE = "HEARTH_WORKER";
/** Read once: a process runs the code that it began with, also when files below it change meanwhile. */
const CODE_VERSION = codeVersion();

/** The environment that hands `settings` to a worker process. */
export function workerEnvironment(settings: WorkerSettings): Record<string, string> {
  return { [VARIABLE]: JSON.stringify({ version: CODE_VERSION, ...settings }) };
}

/** Reads the settings that the starter of this process left. @throws when there are none */
export function readWorkerSettings(): WorkerSettings {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error(`${VARIABLE} is not set: a worker is started by a hub`);
  return JSON.parse(text) as WorkerSettings;
}

/**
 * A digest of all that makes one worker unlike another; identity and address do not count. The version of the code that
 * started it does: an updated hub replaces the worker that the old one left behind.
 */
export function settingsDigest(settings: WorkerSettings): string {
  const { workerId: _id, hub: _hub, token: _token, version = CODE_VERSION, ...rest } = settings;
  return createHash("sha256")
    .update(JSON.stringify({ version, ...rest }))
    .digest("hex");
}

/** The backend's version in the `version.json` of the checkout or release folder that this file lies in; "": it has none. */
function codeVersion(): string {
  try {
    const text = readFileSync(new URL("../../../version.json", import.meta.url), "utf8");
    const { components } = JSON.parse(text) as { components?: { backend?: { version?: string } } };
    return String(components?.backend?.version ?? "");
  } catch {
    return "";
  }
}
