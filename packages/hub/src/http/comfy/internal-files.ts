/** `/internal/files/{directory_type}` (section 3.19): what lies on top of the input, output and temp folders. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { Folders } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { byCodePoint } from "../../files/file-lists.ts";
import { sendJson } from "../answers.ts";
import { internal } from "./internal.ts";
import { folderOf } from "./view.ts";

interface Listed {
  readonly name: string;
  readonly modifiedMs: number;
}

export function registerInternalFiles(app: FastifyInstance, folders: Folders): void {
  internal(app, "GET", "/files/:directory_type", async (request, reply) => {
    const { directory_type: type } = request.params as { directory_type: string };
    const folder = folderOf(folders, type);
    if (folder === undefined) return sendJson(reply, { error: "Invalid directory type" }, 400);
    const files = await newestFirst(folder);
    if (files === undefined) return sendJson(reply, { error: `There is no ${type} directory` }, 404);
    return sendJson(
      reply,
      files.map(({ name }) => `${name} [${type}]`),
    );
  });
}

/** Files that are not hidden; `undefined` when there is no such folder. */
async function newestFirst(folder: string): Promise<Listed[] | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (names === undefined) return undefined;
  const found = await Promise.all(
    names.filter((name) => !name.startsWith(".")).map((name) => lookAt(folder, name)),
  );
  return found
    .filter((file) => file !== undefined)
    .sort((one, other) => other.modifiedMs - one.modifiedMs || byCodePoint(one.name, other.name));
}

/** `undefined` for what is no file. */
async function lookAt(folder: string, name: string): Promise<Listed | undefined> {
  const stats = await stat(path.join(folder, name)).catch(() => undefined);
  return stats?.isFile() === true ? { name, modifiedMs: stats.mtimeMs } : undefined;
}
