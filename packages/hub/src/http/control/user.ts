/** `/v1/user`: whose key it is. */
import { sendJson } from "../answers.ts";
import type { ControlContext } from "./context.ts";

export function registerUser({ register }: ControlContext): void {
  register("GET", "/v1/user", "read", (request, reply) => {
    const { owner, name, scopes } = request.identity;
    return sendJson(reply, {
      id: owner,
      name,
      email: null,
      deleted: false,
      // A server of one's own has no tiers: nothing is held back.
      tier: "enterprise",
      provider: "api_key",
      scopes,
      created_at: null,
      updated_at: null,
    });
  });
}
