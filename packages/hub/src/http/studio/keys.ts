/** `/api/admin/keys`: named keys with scopes, for people and programs that are not to have the server's own key. */
import type { JobStore } from "@hearth/jobs";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import type { ApiKey, ApiKeys } from "../../auth/api-keys.ts";
import { SCOPES } from "../../auth/identity.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import { localTime } from "./local-time.ts";

export interface KeyParts {
  readonly keys: ApiKeys;
  readonly store: Pick<JobStore, "addEvent">;
  /** IANA zone of printed times */
  readonly zone: string;
}

export const NEW_KEY = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  scopes: Type.Array(Type.Union(SCOPES.map((scope) => Type.Literal(scope))), { minItems: 1, maxItems: 10 }),
});

/** Registers listing, making and revoking keys; each needs the scope `admin`. */
export function registerStudioKeys(app: FastifyInstance, { keys, store, zone }: KeyParts): void {
  const register = ownContract(app, studioError);
  const shown = ({ id, name, scopes, createdAt }: ApiKey): object => ({
    id,
    name,
    scopes,
    created_at: localTime(createdAt, zone),
  });

  register("GET", "/api/admin/keys", "admin", (_request, reply) => sendJson(reply, keys.list().map(shown)));

  register("POST", "/api/admin/keys", "admin", async (request, reply) => {
    const { name, scopes } = checkedBody(request, NEW_KEY);
    if (/[\u0000-\u001f\u007f]/.test(name)) throw new HttpError(422, "name must not hold control characters");
    const { key, text } = await keys.create(name, [...new Set(scopes)]);
    await store.addEvent({
      type: "key.created",
      severity: "info",
      message: `Key '${name}' made`,
      data: { id: key.id, name, scopes: key.scopes },
    });
    // Shown now and never again, so nothing on the way may keep it either.
    return sendJson(reply.header("cache-control", "no-store"), { ...shown(key), key: text });
  });

  register("DELETE", "/api/admin/keys/:id", "admin", async (request: FastifyRequest, reply) => {
    const { id } = request.params as { id: string };
    const name = keys.byId(id)?.name;
    if (!(await keys.revoke(id))) throw new HttpError(404, "Key not found");
    await store.addEvent({
      type: "key.revoked",
      severity: "info",
      message: `Key '${name ?? id}' revoked`,
      data: { id, name: name ?? null },
    });
    return sendJson(reply, { revoked: id });
  });
}
