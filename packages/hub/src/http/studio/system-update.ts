/** `/api/admin/system/remote-version` and `/api/admin/system/update`. */
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { type Outcome, type Updater, UpdateRunningError } from "../../system/update/updater.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";

export interface UpdateParts {
  readonly updater: Updater;
  /** Asks for a new hub process; returns at once. */
  readonly restart: () => void;
}

export const WANTED = Type.Object({ skip_components: Type.Optional(Type.Array(Type.String())) });
/** The page that asked has its answer by then. */
const RESTART_MS = 1_000;

export function registerStudioUpdate(app: FastifyInstance, { updater, restart }: UpdateParts): void {
  const register = ownContract(app, studioError);

  register("GET", "/api/admin/system/remote-version", "admin", async (request, reply) => {
    try {
      const { remote, local } = await updater.compare();
      return sendJson(reply, { remote, local });
    } catch (error) {
      request.log.warn({ err: error }, "the repository could not be fetched");
      throw new HttpError(500, "Cannot fetch remote version");
    }
  });

  register("POST", "/api/admin/system/update", "admin", async (request, reply) => {
    const { skip_components = [] } = checkedBody(request, WANTED);
    let outcome: Outcome;
    try {
      outcome = await updater.update(skip_components);
    } catch (error) {
      if (error instanceof UpdateRunningError) throw new HttpError(409, error.message);
      request.log.error({ err: error }, "the update failed");
      throw new HttpError(500, `Update failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (outcome.kind !== "blocked" && outcome.restartNeeded) {
      reply.raw.once("close", () => setTimeout(restart, RESTART_MS));
    }
    return sendJson(reply, shown(outcome));
  });
}

function shown(outcome: Outcome): object {
  if (outcome.kind === "blocked") {
    const { minRuntime, runtime } = outcome;
    return {
      updated: [],
      restart_needed: false,
      blocked: true,
      message: `Update requires Docker image runtime v${minRuntime} (you have v${runtime})`,
      remote_min_runtime: minRuntime,
      local_runtime: runtime,
    };
  }
  const { updated, restartNeeded, local, remote } = outcome;
  return {
    updated,
    restart_needed: restartNeeded,
    message: updated.length === 0 ? "Everything up to date" : `Updated: ${updated.join(", ")}`,
    debug: { local_version_json: local, remote_version_json: remote },
  };
}
