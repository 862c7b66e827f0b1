/** `/view_metadata/{folder_name}` (section 3.11): the `__metadata__` of a safetensors file. */
import { open } from "node:fs/promises";
import path from "node:path";
import {
  isJsonObject,
  type JsonObject,
  JsonSyntaxError,
  OutsideError,
  parseJson,
  resolveInside,
} from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { ModelFolders } from "../../files/model-folders.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import { twin } from "../twin.ts";

/** A longer header is not read. */
const MAX_HEADER_BYTES = 1024 * 1024;

export function registerMetadata(app: FastifyInstance, modelFolders: ModelFolders): void {
  twin(app, "GET", "/view_metadata/:folder_name", async (request, reply) => {
    const { folder_name } = request.params as { folder_name: string };
    const { filename } = request.query as { filename?: string };
    if (filename === undefined || !filename.endsWith(".safetensors")) return sendEmpty(reply, 404);
    for (const directory of modelFolders.get(folder_name)?.paths ?? []) {
      const metadata = await metadataOf(directory, filename);
      if (metadata !== undefined) return sendJson(reply, metadata);
    }
    return sendEmpty(reply, 404);
  });
}

/** `undefined` when there is no such file below `directory`, or it says nothing about itself. */
async function metadataOf(directory: string, filename: string): Promise<JsonObject | undefined> {
  try {
    // As the reference looks names up: normalised, and never above the directory.
    const file = await resolveInside(directory, path.join("/", filename).slice(1));
    const header = await safetensorsHeader(file);
    const metadata = header?.["__metadata__"];
    return isJsonObject(metadata) ? metadata : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof OutsideError || error instanceof JsonSyntaxError) return undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR" || code === "ENAMETOOLONG")
      return undefined;
    throw error;
  }
}

/** The header: a little-endian u64 length, then so many bytes of JSON. `undefined`: too long, or cut short. */
async function safetensorsHeader(file: string): Promise<JsonObject | undefined> {
  const handle = await open(file, "r");
  try {
    if (!(await handle.stat()).isFile()) return undefined;
    const prefix = Buffer.alloc(8);
    if ((await handle.read(prefix, 0, 8, 0)).bytesRead < 8) return undefined;
    const length = prefix.readBigUInt64LE(0);
    if (length > BigInt(MAX_HEADER_BYTES)) return undefined;
    const text = Buffer.alloc(Number(length));
    if ((await handle.read(text, 0, text.length, 8)).bytesRead < text.length) return undefined;
    const header = parseJson(text.toString("utf8"));
    return isJsonObject(header) ? header : undefined;
  } finally {
    await handle.close();
  }
}
