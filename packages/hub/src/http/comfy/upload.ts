/** `/upload/image` and `/upload/mask` (section 3.9). */
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Folders, FolderType } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Placement, placeFile } from "../../files/place-file.ts";
import { removeStaleUploads } from "../../files/temporary.ts";
import { sendJson } from "../answers.ts";
import { EmptyError, HttpError } from "../errors.ts";
import { receiveForm, type ReceivedFile } from "../multipart.ts";
import type { HttpOptions } from "../options.ts";
import { twin } from "../twin.ts";
import { uploadedAssetJson } from "./assets/index.ts";
import { placeMasked } from "./mask.ts";
import { folderOf } from "./view.ts";

type UploadOptions = Pick<HttpOptions, "folders" | "maxUploadBytes" | "assets">;

/** What both operations read from the form. */
export interface Upload {
  readonly file: ReceivedFile;
  readonly placement: Placement;
  readonly type: FolderType;
  readonly fields: ReadonlyMap<string, string>;
}

export function registerUpload(app: FastifyInstance, options: UploadOptions): void {
  app.addHook("onReady", () => removeStaleUploads(options.folders.input));
  // Here alone bodies are not read before the handler runs.
  app.register((child, _options, done) => {
    child.removeAllContentTypeParsers();
    child.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    twin(child, "POST", "/upload/image", (request, reply) =>
      receive(request, reply, options, (upload) => placeFile(upload.file.file, upload.placement)),
    );
    twin(child, "POST", "/upload/mask", (request, reply) =>
      receive(request, reply, options, (upload) => placeMasked(upload, options.folders)),
    );
    done();
  });
}

async function receive(
  request: FastifyRequest,
  reply: FastifyReply,
  options: UploadOptions,
  place: (upload: Upload) => Promise<string>,
): Promise<FastifyReply> {
  const body = request.body as Readable | undefined;
  if (body === undefined) throw new EmptyError(400);
  const { folders, maxUploadBytes } = options;
  // The type of folder may come after the file, so all files start in the input folder.
  const { file, fields } = await receiveForm(request, body, "image", folders.input, maxUploadBytes);
  if (file === undefined) throw new EmptyError(400);
  try {
    const upload = readForm(folders, file, fields);
    const name = await place(upload);
    const { subfolder } = upload.placement;
    const asset = await options.assets?.registerUpload({ type: upload.type, subfolder, filename: name });
    return sendJson(reply, {
      name,
      subfolder,
      type: upload.type,
      asset: asset === undefined ? undefined : uploadedAssetJson(asset),
    });
  } finally {
    await rm(file.file, { force: true });
  }
}

function readForm(folders: Folders, file: ReceivedFile, fields: ReadonlyMap<string, string>): Upload {
  const { filename, size, sha256 } = file;
  if (filename === "") throw new HttpError(400, "the image has no file name");
  const type = (fields.get("type") ?? "input") as FolderType;
  const root = folderOf(folders, type);
  if (root === undefined) throw new HttpError(400, "type must be input, output or temp");
  const overwrite = ["true", "1"].includes(fields.get("overwrite") ?? "");
  const subfolder = fields.get("subfolder") ?? "";
  return { file, fields, type, placement: { root, subfolder, filename, overwrite, size, sha256 } };
}
