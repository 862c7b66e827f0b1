/** Fetching the metadata of one model or of many, and telling the event log what came of it. */
import type { JobStore } from "@hearth/jobs";
import { printJson } from "@hearth/protocol";
import type { Logger } from "pino";
import { asDownloadError, DownloadError } from "../downloads/errors.ts";
import type { KnownModel } from "./catalogue.ts";
import type { ModelHashes } from "./hashes.ts";
import type { ModelMetadata, SiteFacts } from "./metadata.ts";

/** `new`: the site said something that was not known; `same`: nothing new; `unknown`: it does not know the file. */
export type FetchResult = "new" | "same" | "unknown";

export interface FetchedMetadata {
  readonly result: FetchResult;
  readonly sha256: string;
  readonly metadata: SiteFacts;
}

/** How a batch stands. */
export interface BatchStatus {
  readonly running: boolean;
  readonly total: number;
  readonly done: number;
  readonly new: number;
  readonly failed: number;
  /** the file that is looked at now */
  readonly current: string | null;
}

const IDLE: BatchStatus = { running: false, total: 0, done: 0, new: 0, failed: 0, current: null };

export class MetadataFetches {
  readonly #store: Pick<JobStore, "addEvent">;
  readonly #metadata: ModelMetadata;
  readonly #hashes: ModelHashes;
  readonly #log: Logger;
  #status: BatchStatus = IDLE;
  #batch: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: {
    readonly store: Pick<JobStore, "addEvent">;
    readonly metadata: ModelMetadata;
    readonly hashes: ModelHashes;
    readonly log: Logger;
  }) {
    this.#store = parts.store;
    this.#metadata = parts.metadata;
    this.#hashes = parts.hashes;
    this.#log = parts.log;
  }

  get status(): BatchStatus {
    return this.#status;
  }

  /** Hash by which a model is looked up: its file's, else the one that its catalogue states. @throws DownloadError */
  async hashOf({ filename, file, entry }: KnownModel): Promise<string> {
    if (file !== undefined) return this.#hashes.of(file.file);
    if (entry?.sha256 !== undefined) return entry.sha256.toLowerCase();
    throw new DownloadError(`'${filename}' is not on the disk, and its catalogue states no SHA-256`);
  }

  /** Fetches the metadata of one model. @throws DownloadError, which is in the event log then */
  async fetch(model: KnownModel, isForced = false): Promise<FetchedMetadata> {
    const { filename, kind } = model;
    try {
      const sha256 = await this.hashOf(model);
      const before = await this.#metadata.known(sha256);
      const metadata = await this.#metadata.fetch(sha256, isForced);
      const isSame = before !== undefined && printJson(before) === printJson(metadata);
      const result: FetchResult = metadata === null ? "unknown" : isSame ? "same" : "new";
      await this.#store.addEvent({
        type: "model.metadata.fetched",
        severity: result === "new" ? "success" : "info",
        message: MESSAGES[result](filename),
        data: { filename, kind, result },
      });
      return { result, sha256, metadata };
    } catch (error) {
      if (this.#isClosed) throw error;
      const problem = asDownloadError(error);
      this.#log.warn({ err: error, filename }, "the metadata of a model could not be fetched");
      await this.#store.addEvent({
        type: "model.metadata.failed",
        severity: "error",
        message: `Metadata of ${filename} could not be fetched: ${problem.message}`,
        data: { filename, kind, error: problem.message },
      });
      throw problem;
    }
  }

  /** Fetches many in the background, one after the other. False when a batch runs already. */
  begin(models: readonly KnownModel[], isForced = false): boolean {
    if (this.#batch !== undefined) return false;
    this.#status = { ...IDLE, running: true, total: models.length };
    this.#batch = this.#run(models, isForced)
      .catch((error: unknown) => this.#log.error({ err: error }, "a batch of metadata broke off"))
      .finally(() => {
        this.#batch = undefined;
        this.#status = { ...this.#status, running: false, current: null };
      });
    return true;
  }

  /** Ends the batch after the model that it is at. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#metadata.close();
    await this.#batch;
  }

  async #run(models: readonly KnownModel[], isForced: boolean): Promise<void> {
    for (const model of models) {
      if (this.#isClosed) return;
      this.#status = { ...this.#status, current: model.filename };
      const result = await this.fetch(model, isForced).then(
        (fetched) => fetched.result,
        () => "failed" as const,
      );
      const { done, new: fresh, failed } = this.#status;
      this.#status = {
        ...this.#status,
        done: done + 1,
        new: fresh + (result === "new" ? 1 : 0),
        failed: failed + (result === "failed" ? 1 : 0),
      };
    }
    const { total, new: fresh, failed } = this.#status;
    await this.#store.addEvent({
      type: "model.metadata.batch.completed",
      severity: failed > 0 ? "warning" : "success",
      message: `Metadata of ${total} models: ${fresh} new, ${failed} failed`,
      data: { total, new: fresh, failed },
    });
  }
}

const MESSAGES: Readonly<Record<FetchResult, (filename: string) => string>> = {
  new: (filename) => `Metadata fetched: ${filename}`,
  same: (filename) => `Nothing new about ${filename}`,
  unknown: (filename) => `The model site does not know ${filename}`,
};
