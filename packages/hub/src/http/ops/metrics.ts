/** `/metrics`. */
import type { FastifyInstance } from "fastify";
import type { HubMetrics } from "../../ops/metrics.ts";
import { sendText } from "../answers.ts";
import { route } from "../twin.ts";

export function registerMetrics(app: FastifyInstance, metrics: HubMetrics): void {
  app.addHook("onResponse", async (request, reply) => metrics.answered(request.method, reply.statusCode));
  route(app, "GET", "/metrics", async (_request, reply) => {
    const { text, contentType } = await metrics.read();
    return sendText(reply, text, contentType);
  });
}
