/** Describes a saved file as the node recordings do: decoded, with tensors in a pool of float32 values. */
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import type { JsonObject } from "@hearth/protocol";
import { describeExr } from "./exr.ts";
import { describeGlb } from "./glb.ts";
import { masked } from "./masked.ts";
import { describeMedia } from "./media.ts";
import { describePngFile } from "./png-file.ts";
import { describeSafetensors } from "./safetensors.ts";
import { FloatPool } from "./float-pool.ts";
import { describeWebpFile } from "./webp-file.ts";

const MEDIA = new Set([
  ".flac",
  ".mp3",
  ".opus",
  ".wav",
  ".m4a",
  ".aac",
  ".ogg",
  ".mp4",
  ".mkv",
  ".webm",
  ".mov",
  ".avi",
  ".gif",
]);

export interface FoundFiles {
  /** sorted by folder and masked path */
  readonly files: JsonObject[];
  readonly floats: Float32Array;
}

/** Everything in the folders `output` and `temp` of a base directory, but not what `known` names (`output/a.png`). */
export async function describeFiles(base: string, known: ReadonlySet<string>): Promise<FoundFiles> {
  const pool = new FloatPool();
  const files: JsonObject[] = [];
  for (const dir of ["output", "temp"]) {
    const root = path.join(base, dir);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((found) => found.isFile())) {
      const file = path.join(entry.parentPath, entry.name);
      const relative = path.relative(root, file).replaceAll(path.sep, "/");
      if (known.has(`${dir}/${relative}`)) continue;
      const place = masked(relative);
      files.push({ dir, path: place, ...(await describeFile(file, pool)) });
    }
  }
  files.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  return { files, floats: pool.values() };
}

export function sortKey(file: JsonObject): string {
  return `${String(file["dir"])}/${String(file["path"])}`;
}

/** @throws when the file is not what its name says */
async function describeFile(file: string, pool: FloatPool): Promise<JsonObject> {
  const bytes = await readFile(file);
  switch (path.extname(file)) {
    case ".png":
      return describePngFile(bytes);
    case ".webp":
      return describeWebpFile(bytes);
    case ".latent":
    case ".safetensors":
      return describeSafetensors(bytes, pool);
    case ".glb":
      return describeGlb(bytes);
    case ".exr":
      return describeExr(bytes, pool);
    default:
      return MEDIA.has(path.extname(file)) ? describeMedia(file, pool) : { text: bytes.toString("utf8") };
  }
}
