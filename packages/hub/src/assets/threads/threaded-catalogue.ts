/**
 * The catalogue for the thread that answers HTTP: it only sends messages. One thread reads and one writes, so a count
 * over everything never holds up an upload, and a write never waits behind it. What was written is committed before its
 * promise resolves, so a later read sees it.
 */
import type { Asset, AssetChanges, NewFileAsset, NewOccurrence } from "../asset.ts";
import type {
  AssetCatalogue,
  AssetFilter,
  AssetPage,
  AssetQuery,
  ContentFile,
  Removed,
  TagCount,
  TagQuery,
} from "../catalogue.ts";
import { ThreadCalls } from "./calls.ts";
import type { CatalogueThreadData } from "./catalogue-thread.ts";

const MODULE = new URL("./catalogue-thread.ts", import.meta.url);

export class ThreadedCatalogue implements AssetCatalogue {
  readonly #writer: ThreadCalls;
  readonly #reader: ThreadCalls;

  private constructor(writer: ThreadCalls, reader: ThreadCalls) {
    this.#writer = writer;
    this.#reader = reader;
  }

  /** Opens the database in its threads. @throws when it cannot be opened */
  static async open(databaseFile: string): Promise<ThreadedCatalogue> {
    const data: CatalogueThreadData = { databaseFile };
    const threads: ThreadCalls[] = [];
    // One after the other: of two connections that make a database at once, SQLite refuses one without waiting.
    const start = async (): Promise<ThreadCalls> => {
      const thread = new ThreadCalls(MODULE, data);
      threads.push(thread);
      await thread.call("ready");
      return thread;
    };
    try {
      const writer = await start();
      return new ThreadedCatalogue(writer, await start());
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.close()));
      throw error;
    }
  }

  addOccurrence(asset: NewOccurrence): Promise<Asset | undefined> {
    return this.#writer.call("addOccurrence", asset) as Promise<Asset | undefined>;
  }

  putFile(asset: NewFileAsset): Promise<{ asset: Asset; isNew: boolean }> {
    return this.#writer.call("putFile", asset) as Promise<{ asset: Asset; isNew: boolean }>;
  }

  get(id: string, viewer: string): Promise<Asset | undefined> {
    return this.#reader.call("get", id, viewer) as Promise<Asset | undefined>;
  }

  list(query: AssetQuery): Promise<AssetPage> {
    return this.#reader.call("list", query) as Promise<AssetPage>;
  }

  refine(filter: AssetFilter, limit: number): Promise<TagCount[]> {
    return this.#reader.call("refine", filter, limit) as Promise<TagCount[]>;
  }

  tags(query: TagQuery): Promise<{ tags: TagCount[]; total: number }> {
    return this.#reader.call("tags", query) as Promise<{ tags: TagCount[]; total: number }>;
  }

  update(id: string, viewer: string, changes: AssetChanges): Promise<Asset> {
    return this.#writer.call("update", id, viewer, changes) as Promise<Asset>;
  }

  addTags(id: string, viewer: string, tags: readonly string[]): ReturnType<AssetCatalogue["addTags"]> {
    return this.#writer.call("addTags", id, viewer, tags) as ReturnType<AssetCatalogue["addTags"]>;
  }

  removeTags(id: string, viewer: string, tags: readonly string[]): ReturnType<AssetCatalogue["removeTags"]> {
    return this.#writer.call("removeTags", id, viewer, tags) as ReturnType<AssetCatalogue["removeTags"]>;
  }

  remove(id: string, viewer: string, content: boolean): Promise<Removed | undefined> {
    return this.#writer.call("remove", id, viewer, content) as Promise<Removed | undefined>;
  }

  filesOf(hash: string): Promise<ContentFile[]> {
    return this.#reader.call("filesOf", hash) as Promise<ContentFile[]>;
  }

  contentOf(id: string): Promise<ContentFile[]> {
    return this.#reader.call("contentOf", id) as Promise<ContentFile[]>;
  }

  async touch(id: string): Promise<void> {
    await this.#writer.call("touch", id);
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()]);
  }
}
