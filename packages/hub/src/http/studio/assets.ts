/**
 * Studio's input and output files: lists, uploads, deletion, archives, thumbnails. Files are named
 * `input/<path>` and `output/<path>`; the lists give these names, and the other operations take them.
 */
import { rm, rmdir } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import type { JobStore } from "@hearth/jobs";
import { type Folders, OutsideError, resolveInside } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { safeName } from "../../assets/tasks/zip-names.ts";
import { placeFile } from "../../files/place-file.ts";
import { removeStaleUploads } from "../../files/temporary.ts";
import { OnDemandThread } from "../../model-catalogue/on-demand-thread.ts";
import { sendJson } from "../answers.ts";
import { EmptyError, HttpError } from "../errors.ts";
import type { ReceivedFile } from "../multipart.ts";
import { ownContract, type Register, studioError } from "../own-contract.ts";
import { disposition } from "../send-file.ts";
import { checkedBody, checkedQuery } from "../validate.ts";
import { receiveFiles } from "./assets-form.ts";
import type { FilePage, ListedFile, ListFiles } from "./assets-list.ts";
import { type AssetFolder, type AssetPath, assetFolder, existingAsset } from "./assets-path.ts";
import { type ArchivedFile, zipStream } from "./assets-zip.ts";
import { DEFAULT_ZONE, localTime } from "./local-time.ts";
import { ThumbnailCache } from "./thumbnail-cache.ts";
import { registerThumbnail } from "./thumbnail.ts";

export interface StudioAssetsParts {
  readonly folders: Folders;
  readonly store: Pick<JobStore, "addEvent">;
  /** of a whole upload, in bytes */
  readonly maxUploadBytes: number;
  /** IANA name; default: the contract's */
  readonly zone?: string | undefined;
  /** the program that reads videos for thumbnails; default: `ffmpeg` */
  readonly ffmpeg?: string | undefined;
}

export const LIST = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  search: Type.Optional(Type.String()),
  media: Type.Optional(Type.Union(["image", "video", "audio", "model"].map((word) => Type.Literal(word)))),
});
export const PATHS = Type.Object({ paths: Type.Array(Type.String(), { maxItems: 10_000 }) });
export const ZIP = Type.Object({ folder: Type.Optional(Type.String()) });
const MODULE = new URL("./assets-thread.ts", import.meta.url);

/** Registers all operations below `/api/admin/assets`, and `/api/admin/outputs-zip`. Its thread ends with `app`. */
export function registerStudioAssets(app: FastifyInstance, parts: StudioAssetsParts): void {
  const { folders } = parts;
  const thread = new OnDemandThread(MODULE);
  app.addHook("onClose", () => thread.close());
  app.addHook("onReady", () => removeStaleUploads(folders.input));
  const register = ownContract(app, studioError);
  registerUploads(app, parts);
  registerLists(register, parts, thread);
  registerZip(register, parts, thread);
  const directory = path.join(folders.studio, "thumbnails");
  registerThumbnail(register, folders, new ThumbnailCache({ directory, thread, ffmpeg: parts.ffmpeg }));
  register("POST", "/api/admin/assets/delete", "admin", async (request, reply) => {
    const { paths } = checkedBody(request, PATHS);
    return sendJson(reply, await deleteAssets(parts, paths));
  });
}

function registerUploads(app: FastifyInstance, parts: StudioAssetsParts): void {
  // Here alone bodies are not read before the handler runs.
  app.register((child, _options, done) => {
    child.removeAllContentTypeParsers();
    child.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    ownContract(child, studioError)(
      "POST",
      "/api/admin/assets/upload-inputs",
      "run",
      async (request, reply) => sendJson(reply, await upload(request, parts)),
    );
    done();
  });
}

interface Failed {
  readonly filename: string;
  readonly detail: string;
}

/** Places every file of the form; one that cannot be placed does not hold up the others. */
async function upload(request: FastifyRequest, parts: StudioAssetsParts): Promise<object> {
  const { folders, store, maxUploadBytes } = parts;
  const body = request.body as Readable | undefined;
  if (body === undefined) throw new HttpError(422, "The body must be a multipart form with files");
  const received = await receiveFiles(request, body, folders.input, maxUploadBytes);
  if (received.length === 0) throw new HttpError(422, "The form has no file");
  const uploaded: { filename: string; original: string; size: number; path: string }[] = [];
  const failed: Failed[] = [];
  try {
    for (const file of received) {
      try {
        const filename = await placed(file, folders.input);
        uploaded.push({ filename, original: file.filename, size: file.size, path: `input/${filename}` });
      } catch (error) {
        failed.push({ filename: file.filename, detail: detailOf(error) });
      }
    }
  } finally {
    for (const { file } of received) await rm(file, { force: true });
  }
  if (uploaded.length > 0) {
    const files = uploaded.map(({ filename }) => filename);
    await store.addEvent({
      type: "assets.uploaded",
      severity: "info",
      message: `Uploaded: ${shortList(files)}`,
      data: { files },
    });
  }
  return { uploaded, failed };
}

function placed({ file, filename, size, sha256 }: ReceivedFile, root: string): Promise<string> {
  if (filename === "") throw new HttpError(422, "The file has no name");
  // Hidden files are in no list, so nobody could use or delete one.
  const name = safeName(filename);
  return placeFile(file, { root, subfolder: "", filename: name, overwrite: false, size, sha256 });
}

function registerLists(register: Register, parts: StudioAssetsParts, thread: OnDemandThread): void {
  register("GET", "/api/admin/assets/:folder", "read", async (request, reply) => {
    const { folder: word } = request.params as { folder: string };
    const folder = assetFolder(word);
    if (folder === undefined) throw new HttpError(400, `There are inputs and outputs, but no '${word}'`);
    const query = checkedQuery(request, LIST);
    const options: ListFiles = { root: parts.folders[folder], ...query };
    const { files, total } = await thread.call<FilePage>("listFiles", options);
    const zone = parts.zone ?? DEFAULT_ZONE;
    return sendJson(
      reply.header("x-total-count", String(total)),
      files.map((file) => describe(file, folder, zone)),
    );
  });
}

function describe(file: ListedFile, folder: AssetFolder, zone: string): object {
  const { relative, size, modifiedMs, media, isIncomplete } = file;
  const at = relative.lastIndexOf("/");
  const filename = relative.slice(at + 1);
  const subfolder = at < 0 ? "" : relative.slice(0, at);
  const query = new URLSearchParams({ filename, subfolder, type: folder }).toString();
  return {
    path: `${folder}/${relative}`,
    filename,
    subfolder,
    type: folder,
    size,
    modified: localTime(modifiedMs, zone),
    media,
    incomplete: isIncomplete,
    url: `/view?${query}`,
  };
}

/** Deletes files, and the folders that this leaves empty. */
async function deleteAssets(parts: StudioAssetsParts, paths: readonly string[]): Promise<object> {
  const deleted: string[] = [];
  const failed: { path: string; detail: string }[] = [];
  for (const name of new Set(paths)) {
    try {
      const asset = await existingAsset(parts.folders, name);
      await rm(asset.file);
      await removeEmptyFolders(asset);
      deleted.push(`${asset.folder}/${asset.relative}`);
    } catch (error) {
      failed.push({ path: name, detail: detailOf(error) });
    }
  }
  if (deleted.length > 0) {
    await parts.store.addEvent({
      type: "assets.deleted",
      severity: "info",
      message: `Deleted: ${shortList(deleted)}`,
      data: { files: deleted },
    });
  }
  return { deleted, failed };
}

async function removeEmptyFolders({ root, file }: AssetPath): Promise<void> {
  for (let folder = path.dirname(file); folder !== path.resolve(root); folder = path.dirname(folder)) {
    const isRemoved = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}

function registerZip(register: Register, parts: StudioAssetsParts, thread: OnDemandThread): void {
  const { folders } = parts;
  register("GET", "/api/admin/outputs-zip", "read", async (request, reply) => {
    const { folder = "" } = checkedQuery(request, ZIP);
    const root = await outputFolder(folders, folder);
    const { files } = await thread.call<FilePage>("listFiles", { root } satisfies ListFiles);
    if (files.length === 0) throw new HttpError(404, `There are no files in the output folder '${folder}'`);
    const archived = files.map(({ relative }) => ({ name: relative, file: path.join(root, relative) }));
    return sendZip(reply, archived, folder === "" ? "outputs" : path.basename(root));
  });
  register("POST", "/api/admin/outputs-zip", "read", async (request, reply) => {
    const { paths } = checkedBody(request, PATHS);
    if (paths.length === 0) throw new HttpError(422, "paths names no file");
    const archived = new Map<string, ArchivedFile>();
    for (const name of paths) {
      const { folder, relative, file } = await existingAsset(folders, name);
      archived.set(file, { name: `${folder}/${relative}`, file });
    }
    return sendZip(reply, [...archived.values()], "assets");
  });
}

async function outputFolder(folders: Folders, folder: string): Promise<string> {
  if (folder === "") return folders.output;
  try {
    return await resolveInside(folders.output, folder);
  } catch (error) {
    if (error instanceof OutsideError) throw new HttpError(400, `'${folder}' leads out of the output folder`);
    throw error;
  }
}

function sendZip(
  reply: Parameters<Parameters<Register>[3]>[1],
  files: readonly ArchivedFile[],
  name: string,
): unknown {
  return reply
    .header("content-type", "application/zip")
    .header("content-disposition", disposition(`${name}.zip`, "attachment"))
    .send(zipStream(files));
}

/** What a person is told, without the paths of this machine. */
function detailOf(error: unknown): string {
  if (error instanceof HttpError) return error.detail;
  if (error instanceof EmptyError) return "It cannot be stored under this name";
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return `The file system says ${code}`;
}

const SHOWN = 3;

function shortList(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return names.slice(0, SHOWN).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
