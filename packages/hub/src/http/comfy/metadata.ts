/** `/view_metadata/{folder_name}` (section 3.11): the `__metadata__` of a safetensors file. */
import path from "node:path";
import { type JsonObject, OutsideError, resolveInside } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { ModelFolders } from "../../files/model-folders.ts";
import { safetensorsMetadata } from "../../models/safetensors-header.ts";
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
    return await safetensorsMetadata(file, MAX_HEADER_BYTES);
  } catch (error) {
    if (error instanceof OutsideError) return undefined;
    throw error;
  }
}
