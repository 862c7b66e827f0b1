/** `/api/admin/system/…`: status, uptime, restart, the browser extension, and what surrounds them. */
import type { FastifyInstance } from "fastify";
import type { ApiKeys } from "../../auth/api-keys.ts";
import { checkpoint, logStates } from "../../system/databases.ts";
import { zipFolder } from "../../system/extension-zip.ts";
import type { Settings } from "../../system/settings.ts";
import { readStatus, type StatusParts } from "../../system/status.ts";
import type { Telemetry } from "../../system/telemetry/telemetry.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { disposition } from "../send-file.ts";
import { registerStudioEnv } from "./env.ts";
import { registerStudioKeys } from "./keys.ts";
import { localTime } from "./local-time.ts";
import { registerStudioSettings } from "./settings.ts";
import { registerStudioTelemetry } from "./telemetry.ts";

export interface StudioSystemParts extends Omit<StatusParts, "disk"> {
  readonly settings: Settings;
  readonly keys: ApiKeys;
  readonly telemetry: Pick<Telemetry, "read" | "disk">;
  /** IANA zone of printed times */
  readonly zone: string;
  /** every SQLite file of this server */
  readonly databaseFiles: readonly string[];
  /** the browser extension, as it is loaded unpacked */
  readonly extensionFolder: string;
  /** Ends downloads so that they can go on later. */
  readonly stopDownloads: () => Promise<void>;
  /** Reads the catalogues and workflows anew from their files. */
  readonly reloadCatalogs: () => Promise<void>;
  /** Asks for a new hub process; returns at once. */
  readonly restart: () => void;
}

/** Registers everything that Studio says and does about the server itself. */
export function registerStudioSystem(app: FastifyInstance, parts: StudioSystemParts): void {
  registerStudioKeys(app, parts);
  registerStudioSettings(app, parts.settings);
  registerStudioEnv(app, parts);
  registerStudioTelemetry(app, parts.telemetry);
  registerStatus(app, parts);
  registerStopping(app, parts);
  registerExtension(app, parts.extensionFolder);
}

function registerStatus(app: FastifyInstance, parts: StudioSystemParts): void {
  const register = ownContract(app, studioError);
  const startedAt = localTime(Date.now(), parts.zone).replace("T", " ");
  const started = performance.now();

  register("GET", "/api/admin/system/status", "read", async (_request, reply) =>
    sendJson(reply, await readStatus({ ...parts, disk: () => parts.telemetry.disk() })),
  );
  register("GET", "/api/admin/system/uptime", "read", (_request, reply) =>
    sendJson(reply, {
      started_at: startedAt,
      uptime_seconds: Math.floor((performance.now() - started) / 1000),
    }),
  );
  register("POST", "/api/admin/system/reload-catalogs", "admin", async (_request, reply) => {
    await parts.reloadCatalogs();
    const { models, loras, llmModels, workflows } = await parts.counts();
    return sendJson(reply, {
      message: "Catalogs reloaded",
      counts: { models, loras, llm_models: llmModels, workflows },
    });
  });
}

function registerStopping(app: FastifyInstance, parts: StudioSystemParts): void {
  const register = ownContract(app, studioError);
  const { databaseFiles } = parts;

  register("GET", "/api/admin/system/flush-status", "read", async (_request, reply) => {
    const databases = await logStates(databaseFiles);
    return sendJson(reply, { flushed: databases.every((state) => state.flushed), databases });
  });

  register("POST", "/api/admin/system/prepare-shutdown", "admin", async (_request, reply) => {
    await parts.stopDownloads();
    await checkpoint(databaseFiles);
    return sendJson(reply, { message: "Ready for shutdown", databases: await logStates(databaseFiles) });
  });

  register("POST", "/api/admin/system/restart", "admin", async (request, reply) => {
    try {
      await checkpoint(databaseFiles);
    } catch (error) {
      // Closing the databases does it once more.
      request.log.warn({ err: error }, "no checkpoint before the restart");
    }
    // "close" comes after the last byte, and also when the client is gone before it.
    reply.raw.once("close", () => parts.restart());
    return sendJson(reply.header("connection", "close"), { message: "Restarting..." });
  });
}

function registerExtension(app: FastifyInstance, folder: string): void {
  ownContract(app, studioError)(
    "GET",
    "/api/admin/system/chrome-extension",
    "read",
    async (_request, reply) => {
      const zip = await zipFolder(folder);
      if (zip === undefined) throw new HttpError(404, "There is no browser extension on this server");
      reply.header("content-disposition", disposition("hearth-extension.zip", "attachment"));
      return reply.header("content-type", "application/zip").send(zip);
    },
  );
}
