/** The picture of a model file: one that lies beside it, or one inside its safetensors header (section 3.16). */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { JsonSyntaxError, parseJson, resolveInside } from "@hearth/protocol";
import { openPicture } from "../files/open-picture.ts";
import { contentTypeOf, mediaOf } from "../files/content-types.ts";
import { byCodePoint } from "../files/file-lists.ts";
import { safetensorsMetadata } from "./safetensors-header.ts";

/** Pictures are carried in the header, so it may be longer than one that is only shown. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024;
const MAX_PICTURE_BYTES = 64 * 1024 * 1024;
const MAX_PIXELS = 16_384 * 16_384;
const QUALITY = 80;

/**
 * The preview of the model file `name` below `directory` as WebP, in its own size: `<stem>.<image ending>`, else
 * `<stem>.preview.<image ending>`, else the first cover picture in `<stem>.safetensors`. What cannot be decoded is
 * passed over. `undefined`: it has none.
 * @throws OutsideError when the name, or a link behind it, leads out of `directory`
 */
export async function modelPreview(directory: string, name: string): Promise<Buffer | undefined> {
  const file = await resolveInside(directory, name);
  const folder = path.dirname(file);
  const stem = path.basename(file, path.extname(file));
  const beside = (await readdir(folder).catch(() => [])).filter(isPicture).sort(byCodePoint);
  for (const wanted of [stem, `${stem}.preview`]) {
    for (const picture of beside.filter((one) => path.basename(one, path.extname(one)) === wanted)) {
      // A link beside the model must not show what lies elsewhere.
      const inside = await resolveInside(directory, path.relative(directory, path.join(folder, picture)));
      const webp = await encoded(await readBounded(inside));
      if (webp !== undefined) return webp;
    }
  }
  const weights = await resolveInside(
    directory,
    path.relative(directory, path.join(folder, `${stem}.safetensors`)),
  );
  for (const cover of await coversOf(weights)) {
    const webp = await encoded(cover);
    if (webp !== undefined) return webp;
  }
  return undefined;
}

/** An SVG is a program for a renderer, and no preview. */
function isPicture(name: string): boolean {
  return mediaOf(name) === "image" && contentTypeOf(name) !== "image/svg+xml";
}

/** The bytes of a picture; none when it is gone, too large, or not a file. */
async function readBounded(file: string): Promise<Buffer> {
  const stats = await stat(file).catch(() => undefined);
  if (stats?.isFile() !== true || stats.size > MAX_PICTURE_BYTES) return Buffer.alloc(0);
  return readFile(file).catch(() => Buffer.alloc(0));
}

/** The pictures that trainers put under `ssmd_cover_images`: the JSON text of a list of base64 texts. */
async function coversOf(file: string): Promise<Buffer[]> {
  const metadata = await safetensorsMetadata(file, MAX_HEADER_BYTES);
  const text = metadata?.["ssmd_cover_images"];
  if (typeof text !== "string") return [];
  try {
    const list = parseJson(text);
    if (!Array.isArray(list)) return [];
    return list
      .filter((item) => typeof item === "string")
      .map((item) => Buffer.from(item.replace(/^data:[^,]*,/, ""), "base64"));
  } catch (error) {
    if (error instanceof JsonSyntaxError) return [];
    throw error;
  }
}

/** `undefined` when it is no picture. */
async function encoded(bytes: Buffer): Promise<Buffer | undefined> {
  if (bytes.length === 0) return undefined;
  try {
    const picture = await openPicture(bytes, { limitInputPixels: MAX_PIXELS });
    return await picture.webp({ quality: QUALITY }).toBuffer();
  } catch {
    return undefined;
  }
}
