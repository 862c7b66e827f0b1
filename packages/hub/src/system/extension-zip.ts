/** The browser extension as an archive. */
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";

/** Every archive of the same files is the same: what is downloaded twice can be compared. */
const TIME = new Date(Date.UTC(2000, 0, 1));

/** An archive of the files below `folder`, hidden ones and tests left out; `undefined` when there is no such folder. */
export async function zipFolder(folder: string): Promise<Buffer | undefined> {
  const stats = await stat(folder).catch(() => undefined);
  if (stats?.isDirectory() !== true) return undefined;
  const zip = new ZipFile();
  for (const name of await filesBelow(folder)) {
    zip.addBuffer(await readFile(path.join(folder, name)), name, { mtime: TIME, mode: 0o100644 });
  }
  zip.end();
  return buffer(zip.outputStream as Readable);
}

/** Names with `/`, in order. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .filter((name) => !/(^|\/)\./.test(name) && !name.endsWith(".test.ts"))
    .sort();
}
