/** `/internal/logs` and the `logs` messages of those who subscribed (sections 3.19, 4.4). */
import { isJsonObject } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { bodyJson, sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { internal } from "./internal.ts";
import { type LogRing, TERMINAL } from "../../ops/log-ring.ts";

/** What is needed of the socket hub. */
export interface LogSockets {
  /** anything but `undefined` when a client of this id is connected */
  get(clientId: string): unknown;
  sendTo(clientId: string, type: string, data: unknown): void;
}

/** Without `sockets` nobody can subscribe. */
export function registerLogs(app: FastifyInstance, ring: LogRing, sockets?: () => LogSockets): void {
  const subscribers = new Set<string>();
  let end: (() => void) | undefined;
  app.addHook("onClose", async () => end?.());

  internal(app, "GET", "/logs", (_request, reply) =>
    sendJson(
      reply,
      ring
        .entries()
        .map(({ t, m }) => `${t} - ${m}`)
        .join(""),
    ),
  );

  internal(app, "GET", "/logs/raw", (_request, reply) =>
    sendJson(reply, { entries: ring.entries(), size: TERMINAL }),
  );

  internal(app, "PATCH", "/logs/subscribe", (request, reply) => {
    const body = bodyJson(request);
    const { clientId, enabled } = isJsonObject(body) ? body : {};
    if (typeof clientId !== "string" || typeof enabled !== "boolean") {
      throw new HttpError(400, 'the body must be {"clientId": "id", "enabled": true}');
    }
    if (!enabled) subscribers.delete(clientId);
    else if (sockets?.().get(clientId) !== undefined) subscribers.add(clientId);
    end ??= ring.subscribe((entries) => {
      for (const id of subscribers) {
        // A client that comes back subscribes again.
        if (sockets?.().get(id) === undefined) subscribers.delete(id);
        else sockets().sendTo(id, "logs", { entries, size: TERMINAL });
      }
    });
    if (subscribers.size === 0) {
      end();
      end = undefined;
    }
    return sendEmpty(reply);
  });
}
