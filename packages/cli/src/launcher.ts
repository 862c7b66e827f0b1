/** How this installation starts workers. */
import path from "node:path";
import { keptSecret, linkSocketPath, type WorkerLauncher } from "@hearth/hub";
import type { Folders } from "@hearth/protocol";
import {
  type ComfyUiEngineSettings,
  type NativeEngineSettings,
  settingsDigest,
  startWorker,
  type WorkerSettings,
} from "@hearth/worker";
import type { ComfyUiOption } from "./flags.ts";

/** Without a hub and idle for so long, a worker ends. */
const ORPHAN_MS = 30_000;

export interface ComfyUi extends ComfyUiOption {
  /** sent along with every request to it */
  readonly headers?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
}

export class Launchers {
  readonly #folders: Folders;
  readonly #token: string;

  constructor(folders: Folders, databaseFile: string) {
    this.#folders = folders;
    this.#token = keptSecret(path.dirname(databaseFile), "link-token").secret;
  }

  native(settings: Omit<NativeEngineSettings, "kind">): WorkerLauncher {
    return this.#launcher("native", { kind: "native", ...settings }, "worker.log");
  }

  /** The driver of a ComfyUI. */
  comfyUi({ name, url, command, headers, tags = [] }: ComfyUi): WorkerLauncher {
    const engine: ComfyUiEngineSettings = {
      kind: "comfyui",
      url,
      ...(headers === undefined ? {} : { headers }),
      ...(command === undefined ? {} : { command }),
    };
    return this.#launcher(name, engine, `worker-${name}.log`, tags);
  }

  #launcher(
    name: string,
    engine: WorkerSettings["engine"],
    logName: string,
    tags: readonly string[] = [],
  ): WorkerLauncher {
    const settingsFor = (workerId: string): WorkerSettings => ({
      ...{ workerId, name, engine, token: this.#token, folders: this.#folders },
      ...{ files: "shared", concurrency: 1, tags },
      hub: { socket: linkSocketPath(this.#folders) },
      orphanMs: Number(process.env["HEARTH_ORPHAN_MS"] ?? ORPHAN_MS),
    });
    const logFile = path.join(this.#folders.studio, logName);
    return {
      name,
      settings: settingsDigest(settingsFor("")),
      start: (workerId) => startWorker(settingsFor(workerId), logFile),
    };
  }
}
