/** `/experiment/models/preview/{folder}/{path_index}/{filename}` (section 3.16): the picture of a model file. */
import { OutsideError } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { ModelFolders } from "../../files/model-folders.ts";
import { modelPreview } from "../../models/preview.ts";
import { sendEmpty } from "../answers.ts";
import { twin } from "../twin.ts";

export function registerPreviews(app: FastifyInstance, modelFolders: ModelFolders): void {
  // The file name may have slashes, encoded or not.
  twin(app, "GET", "/experiment/models/preview/:folder/:path_index/*", async (request, reply) => {
    const params = request.params as { folder: string; path_index: string; "*": string };
    const { folder, path_index: index, "*": name } = params;
    if (!/^-?\d+$/.test(index) || name === "") return sendEmpty(reply, 400);
    const directory = modelFolders.get(folder)?.paths[Number(index)];
    if (directory === undefined) return sendEmpty(reply, 404);
    try {
      const picture = await modelPreview(directory, name);
      if (picture === undefined) return sendEmpty(reply, 404);
      return reply.header("content-type", "image/webp").send(picture);
    } catch (error) {
      if (error instanceof OutsideError) return sendEmpty(reply, 403);
      throw error;
    }
  });
}
