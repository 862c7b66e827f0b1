/**
 * The words of the catalogue.
 *
 * A *content* is a sequence of bytes, known by its BLAKE3 hash once that was computed. An *asset* is a named occurrence
 * of one content: with a file of its own, or without one when the same content lies elsewhere already. Two assets of
 * equal bytes share one content. An asset is *deleted* when somebody said so (its file may stay), and *missing* while
 * its file cannot be found; neither is shown.
 */

/** The folders in which files of assets lie. */
export type RootName = "input" | "output" | "temp" | "models";

export const ROOT_NAMES: readonly RootName[] = ["models", "input", "output", "temp"];

/** Where the file of an asset lies. */
export interface AssetFile {
  /** absolute */
  readonly path: string;
  readonly root: RootName;
  /** what a loader node is given: relative to the folder of the model's type, or to the root; `/` between parts */
  readonly loaderPath: string;
  /** relative to the root */
  readonly displayPath: string;
}

/** One asset as it is shown. Times are microseconds since 1970. */
export interface Asset {
  readonly id: string;
  /** `""`: everybody's */
  readonly owner: string;
  readonly name: string;
  /** absent until the content was hashed */
  readonly hash: string | undefined;
  /** bytes */
  readonly size: number;
  readonly mimeType: string | undefined;
  /** sorted */
  readonly tags: readonly string[];
  readonly file: AssetFile | undefined;
  readonly previewId: string | undefined;
  /** where the picture that stands for this asset lies: its preview's file, else its own */
  readonly previewFile: Pick<AssetFile, "root" | "displayPath"> | undefined;
  /** JSON text of an object */
  readonly userMetadata: string;
  /** JSON text of an object: what the server found out by itself */
  readonly metadata: string | undefined;
  readonly jobId: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly lastAccessTime: number;
}

/** Why a tag is on an asset. */
export type TagOrigin = "manual" | "automatic" | "upload";

/** Times and counts that a scan reads from a file without opening it. */
export interface FileStamp {
  /** bytes */
  readonly size: number;
  /** modification time in nanoseconds, as decimal text */
  readonly mtimeNs: string;
}

/** What an asset is made of when it is registered. */
interface NewAssetParts {
  readonly owner: string;
  readonly name: string;
  readonly mimeType: string | undefined;
  readonly tags: readonly { readonly name: string; readonly origin: TagOrigin }[];
  /** JSON text of an object */
  readonly userMetadata: string;
  readonly previewId: string | undefined;
}

/** An asset whose content is in the catalogue already. */
export interface NewOccurrence extends NewAssetParts {
  readonly hash: string;
}

/** An asset with a file of its own that lies in its place. */
export interface NewFileAsset extends NewAssetParts, FileStamp {
  /** absent: to be hashed later */
  readonly hash: string | undefined;
  readonly file: AssetFile;
  readonly metadata: string | undefined;
  readonly jobId: string | undefined;
}

/** What a caller may change; absent members stay as they are. */
export interface AssetChanges {
  readonly name?: string;
  /** JSON text of an object; takes the place of all that was there */
  readonly userMetadata?: string;
  readonly previewId?: string;
}
