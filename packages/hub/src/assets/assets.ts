/** The asset system of a hub: what `--enable-assets` turns on. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Folders } from "@hearth/protocol";
import type { Logger } from "pino";
import type { ModelFolders } from "../files/model-folders.ts";
import { removeStaleUploads } from "../files/temporary.ts";
import { type Asset, ROOT_NAMES, type RootName } from "./asset.ts";
import type { AssetCatalogue } from "./catalogue.ts";
import { Contents, type ReadableContent } from "./content.ts";
import { destinationOf } from "./destination.ts";
import { type FolderFile, Registration } from "./registration.ts";
import { type AssetRoots, assetRoots } from "./roots.ts";
import type { ScanResult, ScanStatus } from "./scan/scan-status.ts";
import { type DownloadRequest, Downloads } from "./tasks/downloads.ts";
import { Exports } from "./tasks/exports.ts";
import { AssetFiles } from "./threads/asset-files.ts";
import { ThreadedCatalogue } from "./threads/threaded-catalogue.ts";

export interface AssetsOptions {
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  /** default: `assets.db` in the studio directory */
  readonly databaseFile?: string | undefined;
  /** `--enable-asset-hashing`: scans compute hashes too */
  readonly hashing?: boolean | undefined;
  /** downloads may come from private addresses */
  readonly allowPrivateDownloads?: boolean | undefined;
  /** largest file that is fetched, in bytes; default 64 GiB */
  readonly maxDownloadBytes?: number | undefined;
  /** a server that says nothing for so long is given up; default 60 s */
  readonly downloadIdleMs?: number | undefined;
  /** sends a message to every socket */
  readonly broadcast: (type: string, data: unknown) => void;
  readonly log: Logger;
}

const DEFAULT_DOWNLOAD_BYTES = 64 * 1024 ** 3;
const DOWNLOAD_IDLE_MS = 60_000;

/** What a scan looks at when nothing is said: temporary files come and go too fast. */
const SCANNED: readonly RootName[] = ["models", "input", "output"];

export class Assets {
  readonly catalogue: AssetCatalogue;
  readonly contents: Contents;
  readonly registration: Registration;
  readonly exports: Exports;
  readonly downloads: Downloads;
  readonly #files: AssetFiles;
  readonly #log: Logger;

  private constructor(
    options: AssetsOptions,
    roots: AssetRoots,
    catalogue: AssetCatalogue,
    files: AssetFiles,
  ) {
    const { folders, broadcast, log } = options;
    this.catalogue = catalogue;
    this.#files = files;
    this.#log = log;
    this.contents = new Contents(catalogue, roots);
    this.registration = new Registration({ catalogue, contents: this.contents, files, roots });
    this.exports = new Exports({
      catalogue,
      files,
      roots,
      directory: path.join(folders.studio, "asset-exports"),
      tell: (status) => broadcast("asset_export", status),
    });
    this.downloads = new Downloads({
      directory: path.join(folders.studio, "asset-downloads"),
      maxBytes: options.maxDownloadBytes ?? DEFAULT_DOWNLOAD_BYTES,
      allowPrivate: options.allowPrivateDownloads ?? false,
      idleMs: options.downloadIdleMs ?? DOWNLOAD_IDLE_MS,
      check: ({ tags }) => void destinationOf(roots, tags),
      register: (file, request) => this.#downloaded(file, request),
      tell: (status) => broadcast("asset_download", status),
    });
  }

  /**
   * Opens the catalogue and starts its threads.
   * @throws when the database cannot be opened; the server can do without
   */
  static async open(options: AssetsOptions): Promise<Assets> {
    const { folders, modelFolders, broadcast } = options;
    const databaseFile = options.databaseFile ?? path.join(folders.studio, "assets.db");
    const roots = assetRoots(folders, modelFolders);
    await mkdir(path.dirname(databaseFile), { recursive: true });
    await removeStaleUploads(folders.input);
    const catalogue = await ThreadedCatalogue.open(databaseFile);
    try {
      const files = await AssetFiles.open(
        { databaseFile, roots, hashing: options.hashing ?? false },
        broadcast,
      );
      return new Assets(options, roots, catalogue, files);
    } catch (error) {
      await catalogue.close();
      throw error;
    }
  }

  /** `/view?filename=blake3:…`: the file of a hash, or `undefined`. */
  fileOfHash(hash: string): Promise<ReadableContent | undefined> {
    return this.contents.byHash(hash);
  }

  /** `/upload/*`: registers the file that was just put into a folder. */
  registerUpload(file: FolderFile, viewer = ""): Promise<Asset> {
    return this.registration.uploaded(file, viewer);
  }

  /** Registers the outputs of a job under its prompt id; ids in the order of `files`, see `Registration.outputs`. */
  registerOutputs(jobId: string, files: readonly FolderFile[], viewer = ""): Promise<(string | undefined)[]> {
    return this.registration.outputs(jobId, files, viewer);
  }

  /** Starts a scan in the background. False when one runs already. */
  startScan(roots: readonly RootName[] = SCANNED): Promise<boolean> {
    return this.#files.begin(roots);
  }

  /** A scan that nobody waits for: at the start of the server, and when node infos are asked for. */
  scanSoon(): void {
    this.startScan().catch((error: unknown) =>
      this.#log.error({ err: error }, "an asset scan did not start"),
    );
  }

  /** Scans, and resolves at the end. `undefined` when a scan runs already. */
  scan(roots: readonly RootName[] = SCANNED): Promise<ScanResult | undefined> {
    return this.#files.scan(roots);
  }

  scanStatus(): Promise<ScanStatus> {
    return this.#files.status();
  }

  /** True when a scan was running. */
  cancelScan(): Promise<boolean> {
    return this.#files.cancel();
  }

  /** Scans stand still while a prompt runs. */
  setBusy(busy: boolean): void {
    const said = busy ? this.#files.pause() : this.#files.resume();
    said.catch((error: unknown) => this.#log.error({ err: error }, "an asset scan could not be paused"));
  }

  /** Hides assets whose files are gone; how many. `undefined` while a scan runs. */
  prune(): Promise<number | undefined> {
    return this.#files.prune();
  }

  /** Ends what runs in the background and closes the database. */
  async close(): Promise<void> {
    await this.downloads.close();
    // An archive in the making ends with the thread that writes it.
    const exported = this.exports.close();
    await this.#files.close();
    await exported;
    await this.catalogue.close();
  }

  async #downloaded(
    file: { path: string; filename: string; mimeType: string },
    request: DownloadRequest,
  ): Promise<Asset> {
    const { viewer, name, tags, hash } = request;
    const { asset } = await this.registration.upload(
      { viewer, name, tags, userMetadata: "{}", hash, mimeType: file.mimeType, previewId: undefined },
      { path: file.path, filename: file.filename },
    );
    return asset;
  }
}

/** True for the name of a root that can be scanned. */
export function isRootName(name: unknown): name is RootName {
  return ROOT_NAMES.some((root) => root === name);
}
