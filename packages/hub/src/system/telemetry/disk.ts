/**
 * The disk that the studio directory lies on. On RunPod that is a network volume, whose file system tells the size of
 * somebody's whole storage: the size comes from RunPod's API, and the use is counted.
 */
import { execFile } from "node:child_process";
import { statfs } from "node:fs/promises";
import { promisify } from "node:util";
import { isJsonObject, parseJson } from "@hearth/protocol";
import type { Environment } from "../environment.ts";
import { Kept } from "./kept.ts";

export interface Disk {
  /** bytes; 0: not known */
  readonly total: number;
  readonly used: number;
}

const GIB = 1024 ** 3;
const KEEP_MS = 60_000;
const API_TIMEOUT_MS = 5_000;
/** Counting the files of a large volume takes its time, in the background. */
const COUNT_TIMEOUT_MS = 10 * 60_000;

export class DiskReader {
  readonly #folder: string;
  readonly #environment: Pick<Environment, "get" | "orDefault" | "isRunpod">;
  readonly #size: Kept<number>;
  readonly #used: Kept<number>;

  /** @param folder a folder on the disk, which is counted on RunPod */
  constructor(folder: string, environment: Pick<Environment, "get" | "orDefault" | "isRunpod">) {
    this.#folder = folder;
    this.#environment = environment;
    this.#size = new Kept(KEEP_MS, () => this.#volumeBytes());
    this.#used = new Kept(KEEP_MS, () => usedBytes(folder));
  }

  async read(): Promise<Disk> {
    const environment = this.#environment;
    if (!environment.isRunpod || environment.get("RUNPOD_VOLUME_ID") === "") return this.#fileSystem();
    // Asked once a minute; whoever comes first does not wait for the count, which may take minutes.
    const used = this.#used.latest() ?? 0;
    return { total: await this.#size.get(), used };
  }

  async #fileSystem(): Promise<Disk> {
    const { blocks, bfree, bsize } = await statfs(this.#folder);
    return { total: blocks * bsize, used: (blocks - bfree) * bsize };
  }

  /** Size of the network volume; 0 when the API does not say it. */
  async #volumeBytes(): Promise<number> {
    const root = this.#environment.orDefault("RUNPOD_API_ROOT").replace(/\/+$/, "");
    const id = this.#environment.get("RUNPOD_VOLUME_ID");
    try {
      const answer = await fetch(`${root}/networkvolumes/${encodeURIComponent(id)}`, {
        headers: { authorization: `Bearer ${this.#environment.get("RUNPOD_API_KEY")}` },
        // A redirect could carry the key elsewhere.
        redirect: "error",
        signal: AbortSignal.timeout(API_TIMEOUT_MS),
      });
      const volume = answer.ok ? parseJson(await answer.text()) : undefined;
      const size = isJsonObject(volume) ? volume["size"] : undefined;
      return typeof size === "number" && size > 0 ? size * GIB : 0;
    } catch {
      return 0;
    }
  }
}

/** Bytes that the files below a folder take on the disk. */
async function usedBytes(folder: string): Promise<number> {
  const { stdout } = await promisify(execFile)("du", ["-sk", folder], { timeout: COUNT_TIMEOUT_MS });
  return Number(/^\d+/.exec(stdout)?.[0] ?? 0) * 1024;
}
