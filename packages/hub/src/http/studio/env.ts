/** `/api/admin/settings/env` and `/api/admin/settings/reveal`: environment variables, their secrets masked. */
import type { JobStore } from "@hearth/jobs";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { Throttle } from "../../auth/throttle.ts";
import { type Environment, VariableError } from "../../system/environment.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";

export interface EnvParts {
  readonly environment: Environment;
  readonly store: Pick<JobStore, "addEvent">;
}

export const CHANGE = Type.Object({
  key: Type.String({ maxLength: 200 }),
  value: Type.String({ maxLength: 4096 }),
});
export const REVEAL = Type.Object({ api_key: Type.String() });

/** Registers listing, changing and revealing. From now on the server's own key is the one of the environment. */
export function registerStudioEnv(app: FastifyInstance, { environment, store }: EnvParts): void {
  const register = ownContract(app, studioError);
  const useKey = (): void => {
    const key = environment.get("API_KEY");
    if (key !== "") app.access.setKey(key);
  };
  useKey();

  register("GET", "/api/admin/settings/env", "admin", (_request, reply) =>
    sendJson(reply.header("cache-control", "no-store"), { groups: environment.groups() }),
  );

  register("PUT", "/api/admin/settings/env", "admin", async (request, reply) => {
    const { key, value } = checkedBody(request, CHANGE);
    if (/[\u0000-\u001f\u007f]/.test(value)) {
      throw new HttpError(422, "value must not hold control characters");
    }
    try {
      await environment.set(key, value);
    } catch (error) {
      throw error instanceof VariableError ? new HttpError(400, error.message) : error;
    }
    if (key === "API_KEY") useKey();
    await store.addEvent({
      type: "system.env.changed",
      severity: "info",
      message: value === "" ? `${key} taken away` : `${key} changed`,
      data: { key },
    });
    return sendJson(reply.header("cache-control", "no-store"), { key, value });
  });

  // Apart from the one of signing in: the key that the request itself shows would reset that one every time.
  const throttle = new Throttle();
  register("POST", "/api/admin/settings/reveal", "admin", (request, reply) => {
    reply.header("cache-control", "no-store");
    const { api_key } = checkedBody(request, REVEAL);
    const address = request.raw.socket.remoteAddress ?? "";
    const waitSeconds = throttle.waitSeconds(address);
    if (waitSeconds > 0) {
      reply.header("retry-after", String(waitSeconds));
      throw new HttpError(429, `Too many wrong keys. Try again in ${waitSeconds} s.`);
    }
    const proof = app.access.tryKey([api_key], request.raw);
    // A named key is no second factor: only the server's own.
    if (!("identity" in proof) || proof.identity.keyId !== undefined) {
      throttle.failed(address);
      throw new HttpError(403, "Invalid API key");
    }
    throttle.passed(address);
    return sendJson(reply, environment.secrets());
  });
}
