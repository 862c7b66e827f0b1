/** All that the hub knows and does about model files, put together. */
import type { JobStore } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import type { Logger } from "pino";
import { Downloads } from "../downloads/downloads.ts";
import { type ModelHosts, type ModelTokens, USUAL_HOSTS } from "../downloads/hosts.ts";
import type { ModelFolders } from "../files/model-folders.ts";
import { ModelCatalogue } from "./catalogue.ts";
import { ModelHashes } from "./hashes.ts";
import { MetadataFetches } from "./metadata-fetches.ts";
import { ModelMetadata } from "./metadata.ts";

export interface ModelLibraryParts {
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  readonly store: Pick<JobStore, "addEvent" | "documents">;
  /** how many downloads may run together; call `downloads.kick()` when it changed */
  readonly maxConcurrent: () => number | Promise<number>;
  readonly tokens: () => ModelTokens;
  readonly log: Logger;
  /** default: the hosts themselves */
  readonly hosts?: ModelHosts | undefined;
  /** addresses of this machine and its network may be asked; default: no */
  readonly allowPrivate?: boolean | undefined;
  /** pause before a download's second try, in milliseconds */
  readonly retryMs?: number | undefined;
  /** least time between two questions to the model site, in milliseconds */
  readonly metadataIntervalMs?: number | undefined;
}

export interface ModelLibrary {
  readonly catalogue: ModelCatalogue;
  readonly downloads: Downloads;
  readonly metadata: ModelMetadata;
  readonly fetches: MetadataFetches;
  readonly hashes: ModelHashes;
  /** Stops what runs; downloads go on when the next hub opens them. */
  close(): Promise<void>;
}

/** Opens the library; downloads that the last hub did not finish go on at once. */
export async function openModelLibrary(parts: ModelLibraryParts): Promise<ModelLibrary> {
  const { folders, modelFolders, store, maxConcurrent, tokens, log, retryMs } = parts;
  const { hosts = USUAL_HOSTS, allowPrivate = false } = parts;
  const catalogue = new ModelCatalogue(folders, modelFolders);
  const hashes = new ModelHashes(store.documents);
  const metadata = new ModelMetadata({
    documents: store.documents,
    hosts,
    tokens,
    allowPrivate,
    intervalMs: parts.metadataIntervalMs,
  });
  const fetches = new MetadataFetches({ store, metadata, hashes, log });
  const downloads = await Downloads.open({
    store,
    folderOf: (order) => catalogue.folderOf(order),
    sha256: (file) => hashes.compute(file),
    maxConcurrent,
    tokens,
    hosts,
    allowPrivate,
    log,
    retryMs,
  });
  return {
    catalogue,
    downloads,
    metadata,
    fetches,
    hashes,
    close: async () => {
      await Promise.all([downloads.close(), fetches.close()]);
      await hashes.close();
    },
  };
}
