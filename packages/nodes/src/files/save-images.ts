/** Saving a batch as one PNG file per picture. */
import { writeFile } from "node:fs/promises";
import type { NodeContext } from "@hearth/engine";
import type { Image } from "../sdk/tensor.ts";
import { savedMetadata } from "./metadata.ts";
import { imageShape, toRaster } from "./pixels.ts";
import { textChunk } from "./png-chunks.ts";
import { encodePng } from "./png.ts";
import { saveNumbered, saveTarget } from "./save-names.ts";

/** What a node shows of a file: the result entry of section 9.2. */
export interface SavedFile<Type extends "output" | "temp" = "output" | "temp"> {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: Type;
}

export interface SaveImageOptions<Type extends "output" | "temp"> {
  readonly root: string;
  readonly type: Type;
  /** zlib level */
  readonly level: number;
  /** metadata comes from here; absent: none */
  readonly context?: NodeContext;
  readonly depth?: 8 | 16;
  /** whole chunks after the metadata */
  readonly chunks?: readonly Buffer[];
  /** by default `<name>_<counter>_.png` */
  readonly fileName?: (name: string, counter: string) => string;
}

/** Saves every picture and names the files in order. Listens to the run's interrupt between pictures. */
export async function saveImageBatch<Type extends "output" | "temp">(
  images: Image,
  prefix: string,
  options: SaveImageOptions<Type>,
): Promise<SavedFile<Type>[]> {
  const { batch, width, height } = imageShape(images);
  const target = await saveTarget(prefix, options.root, { width, height });
  const metadata = options.context === undefined ? [] : savedMetadata(options.context);
  const before = [...metadata.map(([key, json]) => textChunk(key, json)), ...(options.chunks ?? [])];
  const fileName = options.fileName ?? ((name, counter) => `${name}_${counter}_.png`);
  const saved: SavedFile<Type>[] = [];
  for (let index = 0; index < batch; index++) {
    options.context?.throwIfInterrupted();
    const file = await encodePng(toRaster(images, index, options.depth), { level: options.level, before });
    const filename = await saveNumbered(
      target,
      (name, counter) => fileName(name.replaceAll("%batch_num%", String(index)), counter),
      (temporary) => writeFile(temporary, file),
    );
    saved.push({ filename, subfolder: target.subfolder, type: options.type });
  }
  return saved;
}
