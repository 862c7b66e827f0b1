/** The peer's `input`, `output` and `temp` folders. They outlive its restarts, as a disk does. */
import { createHash } from "node:crypto";

export interface PeerFile {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

export type Folder = "input" | "output" | "temp";

const keyOf = (folder: string, subfolder: string, name: string): string => `${folder}/${subfolder}/${name}`;

export class PeerFiles {
  readonly #files = new Map<string, PeerFile>();
  /** names as they were asked for and as they became, one for each upload that brought new content */
  readonly uploads: { readonly asked: string; readonly name: string; readonly isNew: boolean }[] = [];

  put(folder: Folder, subfolder: string, name: string, bytes: Buffer): void {
    const etag = `"${createHash("sha1").update(bytes).digest("hex").slice(0, 16)}"`;
    this.#files.set(keyOf(folder, subfolder, name), { bytes, etag, modified: new Date() });
  }

  get(folder: string, subfolder: string, name: string): PeerFile | undefined {
    return this.#files.get(keyOf(folder, subfolder, name));
  }

  remove(folder: Folder, subfolder: string, name: string): void {
    this.#files.delete(keyOf(folder, subfolder, name));
  }

  /** Names of a folder, with their sub-folders. */
  names(folder: Folder): string[] {
    return [...this.#files.keys()]
      .filter((key) => key.startsWith(`${folder}/`))
      .map((key) => key.slice(folder.length + 1).replace(/^\//, ""))
      .sort();
  }

  /** As an upload that does not overwrite: equal content keeps its file, other content gets the next free name. */
  upload(folder: Folder, subfolder: string, asked: string, bytes: Buffer, overwrite: boolean): string {
    const dot = asked.lastIndexOf(".");
    const [stem, extension] = dot < 0 ? [asked, ""] : [asked.slice(0, dot), asked.slice(dot)];
    let name = asked;
    for (let number = 1; !overwrite; number += 1) {
      const there = this.get(folder, subfolder, name);
      if (there === undefined) break;
      if (there.bytes.equals(bytes)) {
        this.uploads.push({ asked, name, isNew: false });
        return name;
      }
      name = `${stem} (${number})${extension}`;
    }
    this.put(folder, subfolder, name, bytes);
    this.uploads.push({ asked, name, isNew: true });
    return name;
  }

  /** The next name of a saved picture. */
  nextName(folder: Folder, prefix: string): string {
    for (let number = 1; ; number += 1) {
      const name = `${prefix}_${String(number).padStart(5, "0")}_.png`;
      if (this.get(folder, "", name) === undefined) return name;
    }
  }
}
