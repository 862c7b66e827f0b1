/** What the tests of Studio's system share: a server with its routes over a real database. */
import path from "node:path";
import type { TestContext } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { ApiKeys } from "../../auth/api-keys.ts";
import { Environment } from "../../system/environment.ts";
import { Settings } from "../../system/settings.ts";
import { DiskReader } from "../../system/telemetry/disk.ts";
import { Telemetry } from "../../system/telemetry/telemetry.ts";
import { closeContract, studioError } from "../own-contract.ts";
import { type RawAnswer, rawRequest, startServer, temporaryFolders } from "../test-server.ts";
import { registerStudioSystem, type StudioSystemParts } from "./system.ts";

export const KEY = "secret-key";

export interface SystemServer {
  readonly app: FastifyInstance;
  readonly folders: Folders;
  readonly store: JobStore;
  readonly parts: StudioSystemParts;
  readonly databaseFile: string;
  /** Closes the database, so that another server may be started over the same folders. */
  close(): Promise<void>;
  /** One request with the server's own key, unless `headers` are given; `body` is sent as JSON. */
  ask(method: string, target: string, body?: unknown, headers?: Record<string, string>): Promise<RawAnswer>;
}

export interface SystemServerOptions {
  /** the environment that the server finds; it is changed by what is set */
  readonly env?: NodeJS.ProcessEnv;
  readonly folders?: Folders;
  readonly parts?: Partial<StudioSystemParts>;
}

/** Starts it; what runs goes with the test. Without `folders` it has new ones of its own. */
export async function startSystem(t: TestContext, options: SystemServerOptions = {}): Promise<SystemServer> {
  const folders = options.folders ?? temporaryFolders(t);
  const databaseFile = path.join(folders.studio, "hearth.db");
  const store = await openSqliteStore(databaseFile);
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await store.close();
  };
  t.after(close);
  const environment = await Environment.open(store.documents, options.env ?? {}, {
    API_KEY: KEY,
    STUDIO_DIR: folders.studio,
  });
  const settings = await Settings.open(store.documents, environment.get("MAX_CONCURRENT_DOWNLOADS"));
  const parts: StudioSystemParts = {
    store,
    environment,
    settings,
    keys: await ApiKeys.open(store.documents),
    telemetry: new Telemetry(new DiskReader(folders.studio, environment), "no-such-nvidia-smi"),
    zone: "Europe/Rome",
    databaseFiles: [databaseFile],
    versionFiles: [path.join(folders.studio, "version.json")],
    extensionFolder: path.join(folders.base, "no-extension"),
    counts: async () => ({ models: 126, modelsPresent: 15, loras: 8, llmModels: 3, workflows: 12 }),
    workers: () => [],
    nodeModules: () => [],
    stopDownloads: async () => undefined,
    reloadCatalogs: async () => undefined,
    restart: () => undefined,
    ...options.parts,
  };
  const { app, port } = await startServer(t, {}, (app) => {
    app.access.useNamedKeys(parts.keys);
    registerStudioSystem(app, parts);
    closeContract(app, "/api/admin", studioError);
  });
  return {
    app,
    folders,
    store,
    parts,
    databaseFile,
    close,
    ask: (method, target, body, headers = { "x-api-key": KEY }) =>
      rawRequest(port, method, target, headers, body === undefined ? "" : JSON.stringify(body)),
  };
}

export function json<T = Record<string, unknown>>(answer: RawAnswer): T {
  return JSON.parse(answer.body) as T;
}

export function detail(answer: RawAnswer): string {
  return json<{ detail: string }>(answer).detail;
}
