/** `/v1/webhook`: where changes of workflows are told, and what came of it. Beyond the documented contract. */
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { sees } from "../../auth/identity.ts";
import { utc } from "../../control/times.ts";
import type { Delivery } from "../../control/webhooks/delivery.ts";
import { type Endpoint, readEvents, webhookUrl } from "../../control/webhooks/endpoint.ts";
import { rotated } from "../../control/webhooks/secrets.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { checkedBody, checkedQuery } from "../validate.ts";
import type { ControlContext } from "./context.ts";
import { PAGE_QUERY, windowOf } from "./pages.ts";

export const NEW_WEBHOOK = Type.Object({
  url: Type.String({ maxLength: 2048 }),
  events: Type.Optional(Type.Array(Type.String())),
});
export const CHANGED_WEBHOOK = Type.Partial(
  Type.Object({
    ...NEW_WEBHOOK.properties,
    status: Type.Union([Type.Literal("active"), Type.Literal("disabled")]),
  }),
);

export function registerWebhooks(context: ControlContext): void {
  const { register, webhooks, parts } = context;
  const { endpoints, deliveries, secrets } = webhooks;
  const { webhooksToPrivate: toPrivate } = parts.options;

  register("GET", "/v1/webhook", "read", (request, reply) => {
    const own = endpoints.list(sees(request.identity));
    const { limit, offset } = windowOf(checkedQuery(request, Type.Object(PAGE_QUERY)));
    return sendJson(reply, { webhooks: own.slice(offset, offset + limit).map(shown), total: own.length });
  });
  register("POST", "/v1/webhook", "run", async (request, reply) => {
    const { url, events } = checkedBody(request, NEW_WEBHOOK);
    const { owner } = request.identity;
    const given = { owner, url: webhookUrl(url, toPrivate), events: readEvents(events) };
    await webhooks.want();
    const endpoint = await endpoints.create(given);
    // Shown here, and never again: who loses it makes a new one.
    return sendJson(reply, { ...shown(endpoint), secret: endpoint.secrets.current }, 201);
  });
  register("GET", "/v1/webhook/secret", "run", async (request, reply) =>
    sendJson(reply, { secret: (await secrets.of(request.identity.owner)).current }),
  );
  register("POST", "/v1/webhook/secret/rotate", "run", async (request, reply) =>
    sendJson(reply, { secret: (await secrets.rotate(request.identity.owner)).current }),
  );
  register("GET", "/v1/webhook/:id", "read", (request, reply) =>
    sendJson(reply, shown(endpointOf(request, context))),
  );
  register("PUT", "/v1/webhook/:id", "run", async (request, reply) => {
    const endpoint = endpointOf(request, context);
    const { url = endpoint.url, events, status } = checkedBody(request, CHANGED_WEBHOOK);
    const changed: Endpoint = {
      ...endpoint,
      url: webhookUrl(url, toPrivate),
      events: events === undefined ? endpoint.events : readEvents(events),
      active: status === undefined ? endpoint.active : status === "active",
    };
    await endpoints.save(changed);
    return sendJson(reply, shown(changed));
  });
  register("DELETE", "/v1/webhook/:id", "run", async (request, reply) => {
    await endpoints.remove(endpointOf(request, context).id);
    return sendEmpty(reply, 204);
  });
  register("POST", "/v1/webhook/:id/rotate", "run", async (request, reply) => {
    const endpoint = endpointOf(request, context);
    const changed = { ...endpoint, secrets: rotated(endpoint.secrets) };
    await endpoints.save(changed);
    return sendJson(reply, { ...shown(changed), secret: changed.secrets.current });
  });

  // `id`: of a webhook, or of a workflow that came with an address of its own.
  register("GET", "/v1/webhook/:id/deliveries", "read", async (request, reply) => {
    const { limit, offset } = windowOf(checkedQuery(request, Type.Object(PAGE_QUERY)));
    const { id } = request.params as { id: string };
    const own = (await deliveries.list({ target: id })).filter((delivery) =>
      mayLook(request, delivery.owner),
    );
    // Of a workflow there is nothing but its deliveries; a webhook may have none yet.
    if (own.length === 0) endpointOf(request, context);
    return sendJson(reply, {
      deliveries: own.slice(offset, offset + limit).map(shownDelivery),
      total: own.length,
    });
  });
  register("POST", "/v1/webhook/:id/deliveries/:delivery/resend", "run", async (request, reply) => {
    const { id, delivery: deliveryId } = request.params as { id: string; delivery: string };
    const delivery = await deliveries.get(deliveryId);
    if (delivery?.target !== id || !mayLook(request, delivery.owner)) {
      throw new HttpError(404, `There is no delivery ${deliveryId}`);
    }
    return sendJson(reply, shownDelivery(await webhooks.resend(delivery)), 202);
  });
}

function mayLook(request: FastifyRequest, owner: string): boolean {
  const own = sees(request.identity);
  return own === undefined || own === owner;
}

/** @throws HttpError 404 for unknown ones and those of others */
function endpointOf(request: FastifyRequest, { webhooks }: ControlContext): Endpoint {
  const { id } = request.params as { id: string };
  const endpoint = webhooks.endpoints.get(id);
  if (endpoint !== undefined && mayLook(request, endpoint.owner)) return endpoint;
  throw new HttpError(404, `There is no webhook ${id}`);
}

function shown({ id, owner, url, events, active, createdAt }: Endpoint): object {
  const status = active ? "active" : "disabled";
  return { id, user_id: owner, url, events, status, created_at: utc(createdAt) };
}

function shownDelivery(delivery: Delivery): object {
  const { id, type, workflowId, url, state, attempts, createdAt, nextAt } = delivery;
  return {
    id,
    type,
    workflow_id: workflowId,
    url,
    status: state,
    attempts: attempts.map(({ at, milliseconds, status, error }) => ({
      at: utc(at),
      milliseconds,
      status: status ?? null,
      error: error ?? null,
    })),
    next_attempt_at: state === "pending" ? utc(nextAt) : null,
    created_at: utc(createdAt),
  };
}
