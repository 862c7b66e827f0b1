/**
 * The port of the asset catalogue. Each method is one whole transaction: when its promise resolves, all of it is
 * committed, and when it rejects, none of it happened. Methods never touch the files themselves.
 *
 * `viewer` is who asks: assets of owner `""` and of the viewer are seen, others do not exist for them.
 */
import type { Asset, AssetChanges, AssetFile, NewFileAsset, NewOccurrence } from "./asset.ts";

export const SORT_FIELDS = ["name", "created_at", "updated_at", "size", "last_access_time"] as const;
export type SortField = (typeof SORT_FIELDS)[number];
export type SortOrder = "asc" | "desc";

/** One value that user metadata is compared with. Objects are compared as a whole. */
export type MetadataTerm =
  /** the key is absent */
  | { readonly key: string; readonly kind: "absent" }
  /** the value, or an element of the list that is the value, equals one of these (see `metadataValue`) */
  | { readonly key: string; readonly kind: "any"; readonly values: readonly string[] };

/** Which assets; all conditions must hold, and empty ones always do. */
export interface AssetFilter {
  readonly viewer: string;
  readonly tagsAll: readonly string[];
  readonly tagsAny: readonly string[];
  readonly tagsNone: readonly string[];
  /** the name has this within it, in whatever case */
  readonly nameContains: string | undefined;
  readonly metadata: readonly MetadataTerm[];
  /** only outputs of these jobs */
  readonly jobIds?: readonly string[];
}

/** The place behind which a page begins: sort value and id of the last asset before it. */
export interface Position {
  readonly value: string | number;
  readonly id: string;
}

export interface AssetQuery extends AssetFilter {
  readonly sort: SortField;
  readonly order: SortOrder;
  readonly limit: number;
  readonly offset: number;
  /** takes the place of `offset` */
  readonly after: Position | undefined;
}

export interface AssetPage {
  readonly assets: readonly Asset[];
  /** of all pages together */
  readonly total: number;
  readonly hasMore: boolean;
}

export interface TagQuery {
  readonly viewer: string;
  readonly prefix: string;
  /** anywhere in the name, in whatever case */
  readonly search: string;
  readonly order: "count_desc" | "name_asc";
  readonly includeZero: boolean;
  readonly limit: number;
  readonly offset: number;
}

export interface TagCount {
  readonly name: string;
  readonly count: number;
}

/** One file that has a content. */
export interface ContentFile {
  readonly file: AssetFile;
  /** name of the asset whose file it is */
  readonly name: string;
  readonly mimeType: string | undefined;
}

export interface Removed {
  /** the files that nobody needs any more; empty unless the content was to go */
  readonly files: readonly AssetFile[];
}

export interface AssetCatalogue {
  /** Adds an asset for a content that has a file. `undefined` when no file has this content. @throws AssetError for an unknown preview */
  addOccurrence(asset: NewOccurrence): Promise<Asset | undefined>;

  /**
   * Registers a file. A shown asset of the same path is changed to what was given and keeps its id; its tags are
   * added to. `isNew` tells whether its content had no file before. @throws AssetError for an unknown preview
   */
  putFile(asset: NewFileAsset): Promise<{ asset: Asset; isNew: boolean }>;

  /** `undefined`: unknown, deleted, missing, or somebody else's. */
  get(id: string, viewer: string): Promise<Asset | undefined>;

  /** A page of assets; ties are broken by id in the same direction. */
  list(query: AssetQuery): Promise<AssetPage>;

  /** How many of the assets have each tag; most frequent first, then by name. */
  refine(filter: AssetFilter, limit: number): Promise<TagCount[]>;

  /** A page of all tags with the number of shown assets that have each. */
  tags(query: TagQuery): Promise<{ tags: TagCount[]; total: number }>;

  /** @throws AssetError `ASSET_NOT_FOUND`, also for an unknown preview; `FORBIDDEN` */
  update(id: string, viewer: string, changes: AssetChanges): Promise<Asset>;

  /** Tags that were there before stay as they are. Lists are sorted. @throws AssetError */
  addTags(
    id: string,
    viewer: string,
    tags: readonly string[],
  ): Promise<{ added: string[]; alreadyPresent: string[]; total: string[] }>;

  /** @throws AssetError */
  removeTags(
    id: string,
    viewer: string,
    tags: readonly string[],
  ): Promise<{ removed: string[]; notPresent: string[]; total: string[] }>;

  /**
   * Deletes an asset. With `content`, the row goes too, and when it was the last asset of its content that anybody
   * sees, its files are handed over to be removed. `undefined` when there is no such asset.
   */
  remove(id: string, viewer: string, content: boolean): Promise<Removed | undefined>;

  /** Files that have this content, those of shown assets first; deleted assets whose file stayed count too. */
  filesOf(hash: string): Promise<ContentFile[]>;

  /** Files from which an asset's content can be read, its own first; empty when there is none. */
  contentOf(id: string): Promise<ContentFile[]>;

  /** Notes that somebody read the content now. */
  touch(id: string): Promise<void>;

  close(): Promise<void>;
}
