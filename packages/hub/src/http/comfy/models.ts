/** `/models`, `/experiment/models`, `/internal/folder_paths` (sections 3.16, 3.19): model types and their files. */
import { JsonFloat } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { FileNames } from "../../files/file-lists.ts";
import type { ModelFolder, ModelFolders } from "../../files/model-folders.ts";
import { ModelFiles } from "../../models/model-files.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import { twin } from "../twin.ts";
import { internal } from "./internal.ts";

/** Types that are no choice for anybody who looks for a model. */
const UNLISTED = new Set(["configs", "custom_nodes"]);

export function registerModels(app: FastifyInstance, modelFolders: ModelFolders, names: FileNames): void {
  const files = new ModelFiles(modelFolders);

  twin(app, "GET", "/models", (_request, reply) => sendJson(reply, [...modelFolders.keys()]));

  twin(app, "GET", "/models/:folder", (request, reply) => {
    const { folder } = request.params as { folder: string };
    const found = names.models(folder);
    return found === undefined ? sendEmpty(reply, 404) : sendJson(reply, found);
  });

  twin(app, "GET", "/experiment/models", (_request, reply) => {
    const listed = [...modelFolders].filter(([name]) => !UNLISTED.has(name));
    return sendJson(
      reply,
      listed.map(([name, folder]) => ({ name, folders: folder.paths, extensions: extensionsOf(folder) })),
    );
  });

  twin(app, "GET", "/experiment/models/:folder", async (request, reply) => {
    const { folder } = request.params as { folder: string };
    const found = await files.list(folder);
    if (found === undefined) return sendEmpty(reply, 404);
    return sendJson(
      reply,
      found.map(({ name, pathIndex, modifiedMs, createdMs, size }) => ({
        name,
        pathIndex,
        modified: new JsonFloat(modifiedMs / 1000),
        created: new JsonFloat(createdMs / 1000),
        size,
      })),
    );
  });

  internal(app, "GET", "/folder_paths", (_request, reply) =>
    sendJson(reply, Object.fromEntries([...modelFolders].map(([name, { paths }]) => [name, paths]))),
  );
}

function extensionsOf({ extensions }: ModelFolder): string[] {
  return extensions === "folders" ? ["folder"] : [...extensions].sort();
}
