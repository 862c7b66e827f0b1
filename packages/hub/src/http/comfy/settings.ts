/** `/settings` (section 3.15). */
import { isJsonObject, objectFrom } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Settings } from "../../users/settings.ts";
import { knownUserOf } from "../../users/user-of.ts";
import type { Users } from "../../users/users.ts";
import { bodyJson, sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { twin } from "../twin.ts";

export function registerSettings(app: FastifyInstance, users: Users): void {
  const settings = new Settings(users);
  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;

  twin(app, "GET", "/settings", async (request, reply) =>
    sendJson(reply, await settings.read(knownUserOf(request))),
  );

  twin(app, "POST", "/settings", async (request, reply) => {
    const user = knownUserOf(request);
    const values = bodyJson(request);
    if (!isJsonObject(values)) throw new HttpError(400, "the body must be an object of settings");
    await settings.merge(user, values);
    return sendEmpty(reply);
  });

  twin(app, "GET", "/settings/:id", async (request, reply) =>
    sendJson(reply, await settings.get(knownUserOf(request), idOf(request))),
  );

  twin(app, "POST", "/settings/:id", async (request, reply) => {
    const user = knownUserOf(request);
    await settings.merge(user, objectFrom([[idOf(request), bodyJson(request)]]));
    return sendEmpty(reply);
  });
}
