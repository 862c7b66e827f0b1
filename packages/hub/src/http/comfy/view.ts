/** `/view` (section 3.10). */
import path from "node:path";
import {
  type FolderType,
  type Folders,
  OutsideError,
  resolveInside,
  splitAnnotation,
} from "@hearth/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Sharp } from "sharp";
import { contentTypeOf, isDangerous, UNKNOWN_TYPE } from "../../files/content-types.ts";
import { sendEmpty } from "../answers.ts";
import { EmptyError, HttpError } from "../errors.ts";
import { openPicture } from "../../files/open-picture.ts";
import type { HttpOptions } from "../options.ts";
import { disposition, openFile, sendFile } from "../send-file.ts";
import { twin } from "../twin.ts";

/** A larger picture is refused before it is decoded. */
const MAX_PIXELS = 16_384 * 16_384;
const DEFAULT_QUALITY = 90;

type Query = Readonly<Record<string, string | undefined>>;

export function registerView(app: FastifyInstance, options: Pick<HttpOptions, "folders" | "assets">): void {
  twin(app, "GET", "/view", async (request, reply) => {
    const query = request.query as Query;
    const content = query["filename"]?.startsWith("blake3:")
      ? await options.assets?.fileOfHash(query["filename"])
      : undefined;
    const file = content?.path ?? (await fileOf(options.folders, query));
    const handle = await openFile(file);
    if (handle === undefined || handle === "directory") return sendEmpty(reply, 404);
    const name = content?.name ?? path.basename(file);
    const { preview, channel } = query;
    if (preview !== undefined || channel === "rgb" || channel === "a") {
      await handle.close();
      return sendPicture(reply, name, await encoded(file, preview, channel));
    }
    return sendFile(request, reply, handle, {
      ...howToSend(request, name, content?.mimeType),
      typeOn304: true,
    });
  });
}

/** The file that a query names. @throws EmptyError with the status of section 3.10 */
async function fileOf(folders: Folders, query: Query): Promise<string> {
  const { filename, type = "output", subfolder } = query;
  // Files are not catalogued by their hash, so no hash is known.
  if (filename === undefined || filename.startsWith("blake3:")) throw new EmptyError(404);
  const [name, folderType] = splitAnnotation(filename, type as FolderType);
  if (name === "" || name.startsWith("/") || name.includes("..") || name.includes("\0"))
    throw new EmptyError(400);
  const root = folderOf(folders, folderType);
  if (root === undefined) throw new EmptyError(400);
  const base = name.slice(name.lastIndexOf("/") + 1);
  if (base === "") throw new EmptyError(404);
  try {
    return await resolveInside(root, ...(subfolder === undefined ? [] : [subfolder]), base);
  } catch (error) {
    if (error instanceof OutsideError) throw new EmptyError(403);
    throw error;
  }
}

/** The folder of a type; `undefined` for other words. */
export function folderOf(folders: Folders, type: string): string | undefined {
  return type === "input" || type === "output" || type === "temp" ? folders[type] : undefined;
}

/** Content type and headers of a file as it is (section 2.7). */
function howToSend(
  request: FastifyRequest,
  name: string,
  mimeType?: string,
): { contentType: string; headers: Record<string, string> } {
  const contentType = mimeType ?? contentTypeOf(name);
  const headers: Record<string, string> = { "x-content-type-options": "nosniff" };
  if (!isDangerous(contentType)) {
    return { contentType, headers: { ...headers, "content-disposition": disposition(name) } };
  }
  // Inside an <img>, an SVG runs no scripts.
  const asImage = contentType === "image/svg+xml" && request.headers["sec-fetch-dest"] === "image";
  return {
    contentType: asImage ? contentType : UNKNOWN_TYPE,
    headers: {
      ...headers,
      "content-disposition": disposition(name, asImage ? undefined : "attachment"),
      vary: "Sec-Fetch-Dest",
      "cache-control": "no-store",
    },
  };
}

interface Picture {
  readonly bytes: Buffer;
  readonly contentType: string;
}

function sendPicture(reply: FastifyReply, name: string, picture: Picture): FastifyReply {
  return reply
    .header("content-type", picture.contentType)
    .header("content-disposition", disposition(name))
    .send(picture.bytes);
}

/** The file re-encoded. @throws HttpError 400 when it is not a picture */
async function encoded(
  file: string,
  preview: string | undefined,
  channel: string | undefined,
): Promise<Picture> {
  try {
    const picture = await openPicture(file, { limitInputPixels: MAX_PIXELS, ignoreIcc: true });
    if (preview !== undefined) return await previewOf(picture, preview, channel ?? "");
    const bytes = channel === "a" ? await alphaOf(picture) : await rgbOf(picture).png().toBuffer();
    return { bytes, contentType: "image/png" };
  } catch (error) {
    throw new HttpError(400, `not a picture that can be read: ${(error as Error).message}`);
  }
}

async function previewOf(picture: Sharp, preview: string, channel: string): Promise<Picture> {
  const parts = preview.split(";");
  const format = parts[0] === "jpeg" && !channel.includes("a") ? "jpeg" : "webp";
  const last = parts.at(-1) ?? "";
  const quality = /^\d+$/.test(last) ? Math.min(100, Math.max(1, Number(last))) : DEFAULT_QUALITY;
  const image = format === "jpeg" || channel === "rgb" ? rgbOf(picture) : picture.toColourspace("srgb");
  const bytes = await (format === "jpeg" ? image.jpeg({ quality }) : image.webp({ quality })).toBuffer();
  return { bytes, contentType: `image/${format}` };
}

/** The colours without alpha: dropped, not blended onto anything. */
function rgbOf(picture: Sharp): Sharp {
  return picture.toColourspace("srgb").removeAlpha();
}

/** Black, with the picture's alpha; 255 everywhere unless the picture is RGBA. */
async function alphaOf(picture: Sharp): Promise<Buffer> {
  const metadata = await picture.metadata();
  const hasAlpha =
    metadata.channels === 4 && metadata.hasAlpha && !metadata.isPalette && metadata.format !== "gif";
  const { data, info } = await picture
    .toColourspace("srgb")
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let at = 0; at < data.length; at += 4) {
    data[at] = data[at + 1] = data[at + 2] = 0;
    if (!hasAlpha) data[at + 3] = 255;
  }
  const { width, height } = info;
  const black = await openPicture(data, { raw: { width, height, channels: 4 } });
  return black.png().toBuffer();
}
