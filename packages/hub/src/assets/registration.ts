/** How files become assets: uploads to the catalogue, uploads to a folder, outputs of jobs, downloads. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { type FolderType, OutsideError, resolveInside } from "@hearth/protocol";
import { contentTypeOf } from "../files/content-types.ts";
import type { Asset, NewOccurrence } from "./asset.ts";
import type { AssetCatalogue } from "./catalogue.ts";
import type { Contents } from "./content.ts";
import { destinationOf } from "./destination.ts";
import { AssetError, contentNotFound, invalidBody } from "./errors.ts";
import { hexOf } from "./hash.ts";
import { contentFileName, placeContent } from "./place-content.ts";
import { type AssetRoots, isInside, type LocatedFile, locate } from "./roots.ts";
import type { AssetFiles } from "./threads/asset-files.ts";

/** What an upload says of itself. */
export interface UploadRequest {
  readonly viewer: string;
  /** default: the client's name of the file */
  readonly name: string | undefined;
  readonly tags: readonly string[];
  /** JSON text of an object */
  readonly userMetadata: string;
  /** `blake3:…` */
  readonly hash: string | undefined;
  readonly mimeType: string | undefined;
  readonly previewId: string | undefined;
}

/** A file that has arrived whole, in the making's place. */
export interface UploadedFile {
  readonly path: string;
  /** as the client named it */
  readonly filename: string;
}

/** A file in one of the folders, as clients name it. */
export interface FolderFile {
  readonly type: FolderType;
  readonly subfolder: string;
  readonly filename: string;
}

export interface RegistrationParts {
  readonly catalogue: AssetCatalogue;
  readonly contents: Contents;
  readonly files: AssetFiles;
  readonly roots: AssetRoots;
}

export class Registration {
  readonly #parts: RegistrationParts;
  /** what is being registered, by hash: of two uploads of the same bytes the second one finds the first */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /**
   * Makes an asset of an upload. `file` is moved away or left for the caller to remove.
   * @throws AssetError
   */
  async upload(
    request: UploadRequest,
    file: UploadedFile | undefined,
  ): Promise<{ asset: Asset; createdNew: boolean }> {
    const { hash } = request;
    if (hash !== undefined) {
      const asset = await this.#occurrence(request, hash, file?.filename);
      if (asset !== undefined) return { asset, createdNew: false };
    }
    if (file === undefined) {
      throw hash === undefined
        ? new AssetError("MISSING_FILE", 400, "Form must include a 'file' part or a known 'hash'.")
        : new AssetError("MISSING_INPUT", 400, "Provided hash not found and no file uploaded.");
    }
    const hashed = await this.#parts.files.hash(file.path);
    if (hashed.size === 0) throw new AssetError("EMPTY_UPLOAD", 400, "Uploaded file is empty.");
    if (hash !== undefined && hash !== hashed.hash) {
      throw new AssetError("HASH_MISMATCH", 400, "Uploaded file hash does not match provided hash.");
    }
    return this.#alone(hashed.hash, async () => {
      const same = await this.#occurrence(request, hashed.hash, file.filename);
      if (same !== undefined) return { asset: same, createdNew: false };
      return { asset: await this.#newContent(request, file, hashed.hash), createdNew: true };
    });
  }

  /** An asset of a content that is there. @throws AssetError `ASSET_NOT_FOUND` */
  async fromHash(request: UploadRequest, hash: string): Promise<Asset> {
    const asset = await this.#occurrence(request, hash, undefined);
    if (asset === undefined) throw contentNotFound(hash);
    return asset;
  }

  /** Registers a file that an upload has put into a folder. @throws AssetError when there is no such file */
  async uploaded(file: FolderFile, viewer: string): Promise<Asset> {
    const located = await this.#inFolder(file);
    if (located === undefined) throw new AssetError("FILE_NOT_FOUND", 404, `${file.filename} is not there`);
    const { hash, size, mtimeNs } = await this.#parts.files.hash(located.file.path);
    const name = path.basename(located.file.path);
    const mimeType = contentTypeOf(name);
    const { asset } = await this.#parts.catalogue.putFile({
      owner: viewer,
      name,
      mimeType,
      tags: [...automatic(located.tags), { name: "uploaded", origin: "upload" }],
      userMetadata: "{}",
      previewId: undefined,
      hash,
      size,
      mtimeNs,
      file: located.file,
      metadata: await this.#parts.files.facts(located.file.path, mimeType),
      jobId: undefined,
    });
    return asset;
  }

  /**
   * Registers the outputs of a job, in their order. They are read and hashed afterwards, in the background.
   * @param jobId the prompt id
   * @returns the id of each asset; `undefined` for a file that is not there
   */
  async outputs(
    jobId: string,
    files: readonly FolderFile[],
    viewer: string,
  ): Promise<(string | undefined)[]> {
    const ids: (string | undefined)[] = [];
    for (const file of files) ids.push(await this.#output(jobId, file, viewer));
    await this.#parts.files.read(ids.filter((id) => id !== undefined));
    return ids;
  }

  async #output(jobId: string, file: FolderFile, viewer: string): Promise<string | undefined> {
    const located = await this.#inFolder(file);
    if (located === undefined) return undefined;
    const stats = await stat(located.file.path, { bigint: true });
    const name = path.basename(located.file.path);
    const { asset } = await this.#parts.catalogue.putFile({
      owner: viewer,
      name,
      mimeType: contentTypeOf(name),
      tags: automatic(located.tags),
      userMetadata: "{}",
      previewId: undefined,
      hash: undefined,
      size: Number(stats.size),
      mtimeNs: stats.mtimeNs.toString(),
      file: located.file,
      metadata: undefined,
      jobId,
    });
    return asset.id;
  }

  async #newContent(request: UploadRequest, file: UploadedFile, hash: string): Promise<Asset> {
    const { catalogue, files, roots } = this.#parts;
    const { root, directory } = destinationOf(roots, request.tags);
    const name = contentFileName(hash, file.filename);
    const located = locate(roots, path.join(directory, name));
    if (located === undefined) throw invalidBody("assets cannot lie in this folder");
    const place = await placeContent(file.path, root, directory, name);
    const stats = await stat(place, { bigint: true });
    const mimeType = request.mimeType ?? contentTypeOf(file.filename);
    const derived = located.tags.filter((tag) => !request.tags.includes(tag));
    const { asset } = await catalogue.putFile({
      owner: request.viewer,
      name: nameOf(request, file.filename, hash),
      mimeType,
      tags: [
        ...request.tags.map((name) => ({ name, origin: "manual" as const })),
        ...automatic(derived),
        { name: "uploaded", origin: "upload" },
      ],
      userMetadata: request.userMetadata,
      previewId: request.previewId,
      hash,
      size: Number(stats.size),
      mtimeNs: stats.mtimeNs.toString(),
      file: located.file,
      metadata: await files.facts(place, mimeType),
      jobId: undefined,
    });
    return asset;
  }

  /** An asset without a file, when the content has one. */
  async #occurrence(
    request: UploadRequest,
    hash: string,
    filename: string | undefined,
  ): Promise<Asset | undefined> {
    const found = await this.#parts.contents.byHash(hash);
    if (found === undefined) return undefined;
    const asset: NewOccurrence = {
      hash,
      owner: request.viewer,
      name: nameOf(request, filename, hash),
      mimeType: request.mimeType,
      tags: request.tags.map((name) => ({ name, origin: "manual" })),
      userMetadata: request.userMetadata,
      previewId: request.previewId,
    };
    return this.#parts.catalogue.addOccurrence(asset);
  }

  /** The file in its folder. `undefined`: it is not there, or not a file, or leads out of the folder. */
  async #inFolder({ type, subfolder, filename }: FolderFile): Promise<LocatedFile | undefined> {
    const { roots } = this.#parts;
    try {
      const file = await resolveInside(roots[type], subfolder, filename);
      const located = locate(roots, file);
      const stats = await stat(file).catch(() => undefined);
      if (located === undefined || stats?.isFile() !== true) return undefined;
      return (await isInside(roots, located.file)) ? located : undefined;
    } catch (error) {
      if (error instanceof OutsideError) return undefined;
      throw error;
    }
  }

  async #alone<T>(hash: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(hash);
    const mine = (before ?? Promise.resolve()).then(work, work);
    this.#busy.set(hash, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(hash) === mine) this.#busy.delete(hash);
    }
  }
}

function automatic(tags: readonly string[]): { name: string; origin: "automatic" }[] {
  return tags.map((name) => ({ name, origin: "automatic" }));
}

/** The given name, else the last part of the client's name, else the hash. */
function nameOf(request: UploadRequest, filename: string | undefined, hash: string): string {
  if (request.name !== undefined && request.name !== "") return request.name;
  const base = filename?.split(/[/\\]/).at(-1) ?? "";
  return base === "" ? hexOf(hash) : base.slice(0, 512);
}
