/** The work on files, for the thread that answers HTTP: it only sends messages (see `files-thread.ts`). */
import type { RootName } from "../asset.ts";
import type { HashedFile } from "../scan/hash-file.ts";
import type { ScanResult, ScanStatus } from "../scan/scan-status.ts";
import type { ZipEntry, ZipProgress, ZipResult } from "../tasks/write-zip.ts";
import { ThreadCalls } from "./calls.ts";
import type { FilesThreadData } from "./files-thread.ts";

const MODULE = new URL("./files-thread.ts", import.meta.url);

export class AssetFiles {
  readonly #calls: ThreadCalls;
  readonly #zips = new Map<string, (progress: ZipProgress) => void>();

  private constructor(data: FilesThreadData, heard: (event: string, data: unknown) => void) {
    this.#calls = new ThreadCalls(MODULE, data, (event, value) => {
      if (event !== "zip") return heard(event, value);
      const { task, ...progress } = value as ZipProgress & { task: string };
      return this.#zips.get(task)?.(progress);
    });
  }

  /** Starts the thread. @param heard is told of the `assets.seed.*` events */
  static async open(
    data: FilesThreadData,
    heard: (event: string, data: unknown) => void,
  ): Promise<AssetFiles> {
    const files = new AssetFiles(data, heard);
    try {
      await files.#calls.call("ready");
    } catch (error) {
      await files.close();
      throw error;
    }
    return files;
  }

  /** BLAKE3 hash and stamp of a file. */
  hash(file: string): Promise<HashedFile> {
    return this.#calls.call("hash", file) as Promise<HashedFile>;
  }

  /** What can be read from a picture or a model, as JSON text; `undefined` for other files. */
  facts(file: string, mimeType: string): Promise<string | undefined> {
    return this.#calls.call("facts", file, mimeType) as Promise<string | undefined>;
  }

  /** Scans these roots. Resolves at its end; `undefined` when a scan runs already. */
  scan(roots: readonly RootName[]): Promise<ScanResult | undefined> {
    return this.#calls.call("scan", roots) as Promise<ScanResult | undefined>;
  }

  /** Starts a scan. False when one runs already. */
  begin(roots: readonly RootName[]): Promise<boolean> {
    return this.#calls.call("begin", roots) as Promise<boolean>;
  }

  status(): Promise<ScanStatus> {
    return this.#calls.call("status") as Promise<ScanStatus>;
  }

  /** True when a scan was running. */
  cancel(): Promise<boolean> {
    return this.#calls.call("cancel") as Promise<boolean>;
  }

  async pause(): Promise<void> {
    await this.#calls.call("pause");
  }

  async resume(): Promise<void> {
    await this.#calls.call("resume");
  }

  /** Hides assets whose files are gone; how many. `undefined` while a scan runs. */
  prune(): Promise<number | undefined> {
    return this.#calls.call("prune") as Promise<number | undefined>;
  }

  /** Reads the files of these assets in the background: facts and hashes. Resolves when that is planned. */
  async read(ids: readonly string[]): Promise<void> {
    await this.#calls.call("read", ids);
  }

  /** Writes an archive. */
  async zip(
    task: string,
    target: string,
    entries: readonly ZipEntry[],
    heard: (progress: ZipProgress) => void,
  ): Promise<ZipResult> {
    this.#zips.set(task, heard);
    try {
      return (await this.#calls.call("zip", target, entries, task)) as ZipResult;
    } finally {
      this.#zips.delete(task);
    }
  }

  async close(): Promise<void> {
    await this.#calls.close();
  }
}
