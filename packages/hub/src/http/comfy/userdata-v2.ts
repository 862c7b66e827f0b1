/** `/v2/userdata` (section 3.14): everything below a folder of the user who asks. */
import { stat } from "node:fs/promises";
import { JsonFloat, OutsideError } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { UserFiles } from "../../users/user-files.ts";
import { listTree } from "../../users/user-listings.ts";
import { knownUserOf } from "../../users/user-of.ts";
import type { Users } from "../../users/users.ts";
import { sendJson, sendText } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { twin } from "../twin.ts";

export function registerUserDataV2(app: FastifyInstance, users: Users): void {
  twin(app, "GET", "/v2/userdata", async (request, reply) => {
    const user = userOrNobody(request);
    if (user === undefined) return sendText(reply, "Invalid user specified in request", undefined, 403);
    const files = new UserFiles(users, user);
    const { path: given = "" } = request.query as { path?: string };
    let directory: string;
    try {
      directory = await files.resolve(given);
    } catch (error) {
      if (error instanceof OutsideError) return sendText(reply, "Invalid path requested", undefined, 400);
      throw error;
    }
    if ((await stat(files.root).catch(() => undefined)) === undefined) return sendJson(reply, []);
    const found = await stat(directory).catch(() => undefined);
    if (found === undefined) return sendText(reply, "Requested path not found", undefined, 404);
    if (!found.isDirectory()) return sendText(reply, "Requested path is not a directory", undefined, 400);
    const tree = await listTree(files.root, directory);
    return sendJson(
      reply,
      tree.map(({ name, file, isDirectory, size, modifiedMs }) => {
        const path = files.relative(file);
        if (isDirectory) return { name, path, type: "directory" };
        return { name, path, type: "file", size, modified: new JsonFloat(modifiedMs / 1000) };
      }),
    );
  });
}

function userOrNobody(request: FastifyRequest): string | undefined {
  try {
    return knownUserOf(request);
  } catch (error) {
    if (error instanceof HttpError) return undefined;
    throw error;
  }
}
