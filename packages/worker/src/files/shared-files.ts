/** Files of jobs on a disk that hub and worker both see. */
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { type Folders, type InputFile, placeOutput, resolveInside, type StoredFile } from "@hearth/protocol";
import type { FileExchange } from "./file-exchange.ts";
import { hashOfFile } from "./hash-file.ts";

/** Hashes of more files are not kept in mind. */
const MOST_HASHES = 10_000;

export class SharedFiles implements FileExchange {
  readonly #folders: Pick<Folders, "input" | "output" | "temp">;
  /** path → what it was hashed as */
  readonly #hashes = new Map<string, { readonly stamp: string; readonly hash: string }>();

  constructor(folders: Pick<Folders, "input" | "output" | "temp">) {
    this.#folders = folders;
  }

  async input({ type, name }: InputFile): Promise<{ readonly path: string; readonly hash: string }> {
    const path = await resolveInside(this.#folders[type], name);
    const { size, mtimeNs } = await stat(path, { bigint: true });
    const stamp = `${size}-${mtimeNs}`;
    const known = this.#hashes.get(path);
    if (known?.stamp === stamp) return { path, hash: known.hash };
    const hash = await hashOfFile(path);
    this.#hashes.delete(path);
    this.#hashes.set(path, { stamp, hash });
    for (const oldest of this.#hashes.keys()) {
      if (this.#hashes.size <= MOST_HASHES) break;
      this.#hashes.delete(oldest);
    }
    return { path, hash };
  }

  output(file: StoredFile, content: Readable): Promise<StoredFile> {
    return placeOutput(this.#folders, file, content);
  }
}
