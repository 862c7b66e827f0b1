/** `/api/health` and `/ready`: open to every probe, answered from memory. */
import type { FastifyInstance } from "fastify";
import { sendJson } from "../answers.ts";
import { route } from "../twin.ts";

/** Each thing that has to hold before a job can run here. */
export type Readiness = Readonly<Record<"nodes" | "worker" | "open", boolean>>;

export function registerHealth(app: FastifyInstance, readiness: () => Readiness): void {
  // The process answers: that is all that it says, so that a probe never restarts a hub that is merely waiting.
  route(app, "GET", "/api/health", (_request, reply) => sendJson(reply, { status: "ok" }));
  route(app, "GET", "/ready", (_request, reply) => {
    const checks = readiness();
    const isReady = Object.values(checks).every(Boolean);
    return sendJson(reply, { ready: isReady, ...checks }, isReady ? 200 : 503);
  });
}
