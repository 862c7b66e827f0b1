/** `/api/admin/settings`: what an operator sets while the server runs. */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import type { Settings } from "../../system/settings.ts";
import { sendJson } from "../answers.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";

// Integers beyond 2^53 are read exactly, as another type.
const CHANGES = Type.Object({ max_concurrent: Type.Optional(Type.Union([Type.Integer(), Type.BigInt()])) });

/** Registers reading and changing the settings. */
export function registerStudioSettings(app: FastifyInstance, settings: Settings): void {
  const register = ownContract(app, studioError);
  const shown = (): object => ({ max_concurrent: settings.maxConcurrent });

  register("GET", "/api/admin/settings", "read", (_request, reply) => sendJson(reply, shown()));

  register("PUT", "/api/admin/settings", "admin", async (request, reply) => {
    const { max_concurrent } = checkedBody(request, CHANGES);
    if (max_concurrent !== undefined) await settings.setMaxConcurrent(Number(max_concurrent));
    return sendJson(reply, shown());
  });
}
