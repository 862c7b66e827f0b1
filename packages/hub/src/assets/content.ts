/** From contents and assets to files that can be read. */
import { rm, stat } from "node:fs/promises";
import type { AssetCatalogue, ContentFile } from "./catalogue.ts";
import { AssetError, assetNotFound } from "./errors.ts";
import { parseHash } from "./hash.ts";
import { type AssetRoots, isInside } from "./roots.ts";

/** A file that is there and lies in its root. */
export interface ReadableContent {
  /** absolute */
  readonly path: string;
  /** how it is called, not how the file is named */
  readonly name: string;
  readonly mimeType: string | undefined;
}

export class Contents {
  readonly #catalogue: AssetCatalogue;
  readonly #roots: AssetRoots;

  constructor(catalogue: AssetCatalogue, roots: AssetRoots) {
    this.#catalogue = catalogue;
    this.#roots = roots;
  }

  /** The file of a hash (`blake3:<hex>`). `undefined`: malformed, unknown, or its file is gone. */
  async byHash(hash: string): Promise<ReadableContent | undefined> {
    const parsed = parseHash(hash);
    return parsed === undefined ? undefined : this.#firstReadable(await this.#catalogue.filesOf(parsed));
  }

  /**
   * The content of an asset, under the asset's name.
   * @throws AssetError `ASSET_NOT_FOUND`, `FILE_NOT_FOUND`
   */
  async byId(id: string, viewer: string): Promise<ReadableContent> {
    const asset = await this.#catalogue.get(id, viewer);
    // Here the contract gives no details.
    if (asset === undefined) throw new AssetError("ASSET_NOT_FOUND", 404, assetNotFound(id).message);
    const found = await this.#firstReadable(await this.#catalogue.contentOf(id));
    if (found === undefined) {
      throw new AssetError("FILE_NOT_FOUND", 404, "Underlying file not found on disk.");
    }
    return { ...found, name: asset.name, mimeType: asset.mimeType };
  }

  /**
   * Deletes an asset; with `content` also the files that nobody needs any more. A file that has left its root, through
   * a link, is not touched.
   * @throws AssetError
   */
  async remove(id: string, viewer: string, content: boolean): Promise<void> {
    const removed = await this.#catalogue.remove(id, viewer, content);
    if (removed === undefined) {
      throw new AssetError("ASSET_NOT_FOUND", 404, `AssetReference ${id} not found.`);
    }
    for (const file of removed.files) {
      if (await isInside(this.#roots, file)) await rm(file.path, { force: true });
    }
  }

  async #firstReadable(files: readonly ContentFile[]): Promise<ReadableContent | undefined> {
    for (const { file, name, mimeType } of files) {
      const stats = await stat(file.path).catch(() => undefined);
      if (stats?.isFile() === true && (await isInside(this.#roots, file))) {
        return { path: file.path, name, mimeType };
      }
    }
    return undefined;
  }
}
