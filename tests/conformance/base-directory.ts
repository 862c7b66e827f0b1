/** The base directory of a server under test: what is written into it, and what is emptied between scenarios. */
import { lstat, mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { toNumber, type JsonObject } from "@hearth/protocol";
import { contentBytes, type Substitute } from "./body.ts";

export const DIRECTORIES = ["input", "output", "temp", "user", "models"] as const;
/** The first two are part of the fixture and read when a server starts; the others are the server's own state. */
const KEPT = new Set(["custom_nodes", "web", "db"]);

/** Writes one file (or directory) of a fixture below `base`. `mtime` is in Unix seconds. */
export async function writeFixture(base: string, file: JsonObject, substitute: Substitute): Promise<void> {
  const place = path.join(base, String(file["path"]));
  if (file["directory"] === true) {
    await mkdir(place, { recursive: true });
    return;
  }
  await mkdir(path.dirname(place), { recursive: true });
  // Only texts hold placeholders; JSON is written as it stands.
  const bytes =
    file["text"] === undefined ? contentBytes(file) : Buffer.from(String(substitute(file["text"])));
  await writeFile(place, bytes);
  if (file["mtime"] !== undefined) await utimes(place, toNumber(file["mtime"]), toNumber(file["mtime"]));
}

/** Removes what is inside a directory, except names that `spared` holds. */
export async function emptyDirectory(
  directory: string,
  spared: (name: string) => boolean = () => false,
): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!spared(name)) await rm(path.join(directory, name), { recursive: true, force: true });
  }
}

/** Empties what a server writes to. Folders of models stay: one that vanished would be an error of its own. */
export async function wipe(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const place = path.join(base, name);
    if (KEPT.has(name)) continue;
    if (name === "models") {
      for (const folder of await readdir(place)) {
        const inner = path.join(place, folder);
        if ((await lstat(inner)).isDirectory()) await emptyDirectory(inner);
        else await rm(inner);
      }
    } else if (["input", "output", "temp", "user"].includes(name)) {
      // ComfyUI keeps its database below `user` by default.
      await emptyDirectory(place, (child) => name === "user" && child.startsWith("comfyui.db"));
    } else await rm(place, { recursive: true, force: true });
  }
  for (const name of DIRECTORIES) await mkdir(path.join(base, name), { recursive: true });
}
