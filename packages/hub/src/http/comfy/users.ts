/** `/users` (section 3.13). */
import { isJsonObject, objectFrom } from "@hearth/protocol";
import { stat } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { DEFAULT_USER, UserNameError, type Users } from "../../users/users.ts";
import { bodyJson, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { twin } from "../twin.ts";

export function registerUsers(app: FastifyInstance, users: Users): void {
  twin(app, "GET", "/users", async (_request, reply) => {
    if (users.multiUser) return sendJson(reply, { storage: "server", users: objectFrom(users.names()) });
    // A client moves what its browser kept to the server as long as there is nothing.
    const folder = await stat(users.folderOf(DEFAULT_USER)).catch(() => undefined);
    return sendJson(reply, { storage: "server", migrated: folder !== undefined });
  });

  twin(app, "POST", "/users", async (request, reply) => {
    const body = bodyJson(request);
    const username = isJsonObject(body) ? body["username"] : undefined;
    if (typeof username !== "string") throw new HttpError(400, 'the body must be {"username": "name"}');
    try {
      return sendJson(reply, await users.add(username));
    } catch (error) {
      if (error instanceof UserNameError) return sendJson(reply, { error: error.message }, 400);
      throw error;
    }
  });
}
