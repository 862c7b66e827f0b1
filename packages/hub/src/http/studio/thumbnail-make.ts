/** Making one thumbnail. It runs in the thread that looks at files: decoding a picture takes a while. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import sharp, { type SharpInput } from "sharp";
import { mediaOf } from "../../files/content-types.ts";

export interface ThumbnailOrder {
  /** absolute */
  readonly source: string;
  /** absolute; its folder is made */
  readonly target: string;
  /** of the longer side, in pixels; smaller pictures keep their size */
  readonly size: number;
  /** the program that reads videos */
  readonly ffmpeg: string;
}

/** `refused`: the file is nothing to make a thumbnail of, and why. */
export type ThumbnailResult = { readonly made: true } | { readonly refused: string };

/** A larger picture is refused before it is decoded. */
const MAX_PIXELS = 16_384 * 16_384;
const QUALITY = 80;
/** Formats by what is in the file, not by its name: a drawing (SVG) is a program for its renderer. */
const FORMATS = new Set(["jpeg", "png", "webp", "gif", "tiff", "heif", "avif"]);
/** Endings of videos, and the one reader that may look at each: others open further files that a video names. */
const READERS: Readonly<Record<string, string>> = {
  ".mp4": "mov",
  ".m4v": "mov",
  ".mov": "mov",
  ".webm": "matroska",
  ".mkv": "matroska",
  ".avi": "avi",
};
const VIDEO_MS = 20_000;
const MAX_FRAME_BYTES = 256 * 1024 * 1024;

const run = promisify(execFile);
// libvips keeps pictures by file name, and would show one that was replaced.
sharp.cache(false);

/** Makes a WebP; it appears under its name only when it is whole. */
export async function makeThumbnail(order: ThumbnailOrder): Promise<ThumbnailResult> {
  const { source, target, size, ffmpeg } = order;
  const media = mediaOf(source);
  if (media !== "image" && media !== "video") return { refused: "it is neither a picture nor a video" };
  const temporary = `${target}.${randomUUID()}.part`;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    const picture = media === "image" ? source : await firstFrame(source, ffmpeg);
    const refused = await refusal(picture);
    if (refused !== undefined) return { refused };
    await sharp(picture, { limitInputPixels: MAX_PIXELS, autoOrient: true })
      .resize(size, size, { fit: "inside", withoutEnlargement: true })
      .webp({ quality: QUALITY })
      .toFile(temporary);
    await rename(temporary, target);
    return { made: true };
  } catch (error) {
    return { refused: reasonOf(error, media) };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function refusal(picture: SharpInput): Promise<string | undefined> {
  const { format, width, height } = await sharp(picture, { limitInputPixels: false }).metadata();
  if (!FORMATS.has(format)) return `pictures of the format ${format} get no thumbnail`;
  return width * height > MAX_PIXELS ? `it has ${width} × ${height} pixels, which is too many` : undefined;
}

async function firstFrame(source: string, ffmpeg: string): Promise<Buffer> {
  const reader = READERS[path.extname(source).toLowerCase()];
  if (reader === undefined) throw new Error(`videos that end in ${path.extname(source)} get no thumbnail`);
  const input = ["-f", reader, "-protocol_whitelist", "file", "-i", `file:${source}`];
  const output = ["-frames:v", "1", "-an", "-c:v", "png", "-f", "image2pipe", "-"];
  const { stdout } = await run(ffmpeg, ["-v", "error", "-nostdin", "-threads", "1", ...input, ...output], {
    encoding: "buffer",
    timeout: VIDEO_MS,
    maxBuffer: MAX_FRAME_BYTES,
    killSignal: "SIGKILL",
  });
  if (stdout.length === 0) throw new Error("the video has no picture");
  return stdout;
}

/** Without the paths of this machine, which programs and system errors tell. */
function reasonOf(error: unknown, media: string): string {
  const { code, message, cmd, syscall } = error as NodeJS.ErrnoException & { cmd?: string };
  if (code === "ENOSPC" || code === "EDQUOT") return "there is no space left for the thumbnail";
  if (code === "ENOENT" && syscall?.startsWith("spawn") === true)
    return "videos need ffmpeg, which is not here";
  if (media === "video" && cmd !== undefined) return "ffmpeg cannot read the video";
  if (syscall !== undefined) return `the file cannot be read: ${code}`;
  return message.startsWith("Input file") ? "it cannot be decoded as a picture" : message;
}

/** Removes the thumbnails that were made longest ago, so that `keep` are left. */
export async function pruneThumbnails(directory: string, keep: number): Promise<number> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  if (files.length <= keep) return 0;
  const dated: { file: string; at: number }[] = [];
  for (const file of files) {
    const stats = await stat(file).catch(() => undefined);
    if (stats !== undefined) dated.push({ file, at: stats.mtimeMs });
  }
  dated.sort((one, other) => other.at - one.at);
  const old = dated.slice(keep);
  for (const { file } of old) await rm(file, { force: true });
  return old.length;
}
