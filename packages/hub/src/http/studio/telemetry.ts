/** `GET /api/admin/telemetry`. */
import type { FastifyInstance } from "fastify";
import type { Telemetry } from "../../system/telemetry/telemetry.ts";
import { sendJson } from "../answers.ts";
import { ownContract, studioError } from "../own-contract.ts";

export function registerStudioTelemetry(app: FastifyInstance, telemetry: Pick<Telemetry, "read">): void {
  ownContract(app, studioError)("GET", "/api/admin/telemetry", "read", async (_request, reply) =>
    sendJson(reply, await telemetry.read()),
  );
}
