/** `/upload/mask`: a picture with its alpha replaced by that of the uploaded one (section 3.9). */
import { rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  type FolderType,
  type Folders,
  isJsonObject,
  JsonSyntaxError,
  OutsideError,
  parseJson,
  resolveInside,
  splitAnnotation,
} from "@hearth/protocol";
import type { Sharp } from "sharp";
import { openPicture } from "../../files/open-picture.ts";
import { claimName, placeFile } from "../../files/place-file.ts";
import { insertChunks, readTextChunks } from "../../files/png-text.ts";
import { temporaryPath } from "../../files/temporary.ts";
import { HttpError } from "../errors.ts";
import type { Upload } from "./upload.ts";
import { folderOf } from "./view.ts";

/** Bounds the memory of one request to about a gigabyte. */
const MAX_PIXELS = 8192 * 8192;
const PNG_LEVEL = 4;

/**
 * Writes the masked picture and answers with its name. When the original is not there, the name that it would get is
 * the answer and nothing is written.
 * @throws HttpError 400 for a form or pictures that do not fit together
 */
export async function placeMasked(upload: Upload, folders: Folders): Promise<string> {
  const original = await originalOf(upload.fields.get("original_ref"), folders);
  const claim = await claimName(upload.placement);
  if (original === undefined || claim.duplicate) return claim.name;
  const bytes = await masked(original, upload.file.file, claim.name);
  const file = temporaryPath(folders.input);
  try {
    await writeFile(file, bytes, { flag: "wx" });
    return await placeFile(file, upload.placement);
  } finally {
    await rm(file, { force: true });
  }
}

/** The file that the form refers to; `undefined` when there is none, or its path is refused. */
async function originalOf(text: string | undefined, folders: Folders): Promise<string | undefined> {
  const reference = readReference(text);
  const [name, type] = splitAnnotation(reference.filename, reference.type as FolderType);
  const root = folderOf(folders, type);
  if (root === undefined) throw new HttpError(400, "original_ref: type must be input, output or temp");
  if (name === "" || name.startsWith("/") || name.includes("..")) return undefined;
  try {
    const file = await resolveInside(root, reference.subfolder, name.slice(name.lastIndexOf("/") + 1));
    const stats = await stat(file).catch(() => undefined);
    return stats?.isFile() === true ? file : undefined;
  } catch (error) {
    if (error instanceof OutsideError) return undefined;
    throw error;
  }
}

function readReference(text: string | undefined): { filename: string; type: string; subfolder: string } {
  if (text === undefined) throw new HttpError(400, "original_ref is missing");
  try {
    const value = parseJson(text);
    if (isJsonObject(value)) {
      const { filename, type = "output", subfolder = "" } = value;
      if (typeof filename === "string" && typeof type === "string" && typeof subfolder === "string") {
        return { filename, type, subfolder };
      }
    }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
  throw new HttpError(400, "original_ref must be an object with filename, type and subfolder");
}

async function masked(original: string, mask: string, name: string): Promise<Buffer> {
  const encode = encoderOf(name);
  const [picture, alpha] = await Promise.all([rgbaOf(original, "the original"), rgbaOf(mask, "the mask")]);
  const { width, height } = picture;
  if (width !== alpha.width || height !== alpha.height) {
    throw new HttpError(
      400,
      `the mask is ${alpha.width}×${alpha.height}, but the original ${width}×${height}`,
    );
  }
  for (let at = 3; at < picture.data.length; at += 4) picture.data[at] = alpha.data[at] as number;
  return encode(await openPicture(picture.data, { raw: { width, height, channels: 4 } }), original);
}

/** Saves as the name's ending says. Formats without alpha cannot hold a mask. */
function encoderOf(name: string): (image: Sharp, original: string) => Promise<Buffer> {
  switch (path.extname(name).toLowerCase()) {
    case ".png":
      return async (image, original) =>
        insertChunks(
          await image.png({ compressionLevel: PNG_LEVEL }).toBuffer(),
          await readTextChunks(original),
        );
    case ".webp":
      return (image) => image.webp({ quality: 80 }).toBuffer();
    case ".tif":
    case ".tiff":
      return (image) => image.tiff({ compression: "none" }).toBuffer();
    default:
      throw new HttpError(400, "a masked picture is saved as .png, .webp or .tiff");
  }
}

interface Rgba {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

async function rgbaOf(file: string, what: string): Promise<Rgba> {
  try {
    const picture = await openPicture(file, { limitInputPixels: MAX_PIXELS, ignoreIcc: true });
    const { data, info } = await picture
      .toColourspace("srgb")
      .ensureAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (error) {
    throw new HttpError(400, `${what} is not a picture that can be read: ${(error as Error).message}`);
  }
}
