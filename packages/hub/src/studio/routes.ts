/** Studio's operations, socket and bot over what `Studio` holds. */
import path from "node:path";
import type { FastifyInstance } from "fastify";
import { SHIPPED_WORKFLOWS } from "../catalogue/shipped.ts";
import { installShipped } from "../catalogue/write-workflow.ts";
import type { FileNames } from "../files/file-lists.ts";
import { closeContract, studioError } from "../http/own-contract.ts";
import { registerStudioAssets } from "../http/studio/assets.ts";
import { resumeDeletions } from "../http/studio/delete-jobs.ts";
import type { StudioJobParts } from "../http/studio/job-parts.ts";
import { registerStudioJobs } from "../http/studio/jobs.ts";
import { registerStudioModels } from "../http/studio/models.ts";
import { registerQueueWhy } from "../http/studio/queue-why.ts";
import { registerStudioRunner } from "../http/studio/run-register.ts";
import { StudioSockets } from "../http/studio/socket.ts";
import { registerStudioSystem } from "../http/studio/system.ts";
import { registerStudioUpdate } from "../http/studio/system-update.ts";
import { registerTelegram } from "../http/studio/telegram.ts";
import { registerWorkers } from "../http/studio/workers.ts";
import { telegramPresets } from "../http/studio/telegram-presets.ts";
import { type ModelLibrary, openModelLibrary } from "../model-catalogue/library.ts";
import { tellMigrations } from "../system/migrations.ts";
import { DiskReader } from "../system/telemetry/disk.ts";
import { Telemetry } from "../system/telemetry/telemetry.ts";
import { TelegramBot } from "../telegram/bot.ts";
import { type ComponentCounts, runtimeVersion } from "../system/status.ts";
import { prepareRelease } from "../system/update/prepare.ts";
import { Repository } from "../system/update/repository.ts";
import { Updater } from "../system/update/updater.ts";
import type { Canaries } from "../workers/canaries.ts";
import type { Decisions } from "../workers/decisions.ts";
import type { Fleet } from "../workers/fleet.ts";
import type { Studio } from "./studio.ts";

/** Below these everything is Studio's; what no operation takes is answered in its words. */
const PREFIXES = ["/api/admin", "/api/run"];

/** What operations need from the rest of the hub. */
export interface StudioRouteParts extends Pick<
  StudioJobParts,
  "submit" | "dispatcher" | "queue" | "sockets"
> {
  readonly names: FileNames;
  readonly maxUploadBytes: number;
  readonly checkOrigin: boolean;
  readonly databaseFiles: readonly string[];
  readonly workers: () => Iterable<{ readonly heardAt: number }>;
  readonly fleet: Fleet;
  readonly canaries: Canaries;
  readonly decisions: Decisions;
}

export interface StudioRoutes {
  readonly sockets: StudioSockets;
  readonly telegram: TelegramBot;
  readonly models: ModelLibrary;
  readonly updater: Updater;
}

/** Registers all operations on `app`. */
export async function registerStudio(
  app: FastifyInstance,
  studio: Studio,
  routes: StudioRouteParts,
): Promise<StudioRoutes> {
  const { store, folders, modelFolders, log, options } = studio.parts;
  const { zone, progress, events, pause, environment, settings, keys } = studio;
  const updater = openUpdater(studio, async () => models.catalogue.reload());
  // Before anything reads what an update may have left half-placed.
  await updater.repair();
  await tellMigrations({
    files: routes.databaseFiles,
    documents: store.documents,
    emit: (type, data) => events.emit(type, data),
  });
  const models = await openModels(studio);
  await studio.marks.begin();
  await installShipped(SHIPPED_WORKFLOWS, path.join(folders.studio, "workflows"));
  const runner = registerStudioRunner(app, { ...routes, folders, modelFolders, store, progress, zone });
  const { rebuild } = runner;
  const jobs = { ...routes, store, folders, events, progress, pause, log, zone, rebuild };
  await resumeDeletions(jobs);
  registerStudioJobs(app, jobs);
  registerQueueWhy(app, { store, fleet: routes.fleet, decisions: routes.decisions, zone });
  registerStudioModels(app, { library: models, store, zone });
  registerStudioAssets(app, { folders, store, maxUploadBytes: routes.maxUploadBytes, zone });
  registerStudioSystem(app, {
    ...{ store, zone, environment, settings, keys },
    telemetry: new Telemetry(new DiskReader(folders.studio, environment)),
    databaseFiles: routes.databaseFiles,
    extensionFolder: options.extensionFolder,
    versionFiles: options.versionFiles,
    counts: () => countsOf(models, () => runner.context.catalogue.ids()),
    workers: routes.workers,
    nodeModules: () => nodeModules(studio),
    stopDownloads: () => models.downloads.close(),
    reloadCatalogs: async () => models.catalogue.reload(),
    restart: options.restart,
  });
  registerWorkers(app, { fleet: routes.fleet, canaries: routes.canaries, store, zone });
  registerStudioUpdate(app, { updater, restart: options.restart });
  const telegram = openTelegram(studio, runner.context);
  registerTelegram(app, telegram);
  for (const prefix of PREFIXES) closeContract(app, prefix, studioError);
  // A variable that was changed at run time holds from the next request on.
  environment.onChange((key) => {
    if (key === "API_KEY") app.access.setKey(environment.get("API_KEY"));
    if (key === "TELEGRAM_BOT_TOKEN") void telegram.stop().then(() => startTelegram(studio, telegram));
  });
  const sockets = new StudioSockets(app, { store, events, progress, checkOrigin: routes.checkOrigin });
  return { sockets, telegram, models, updater };
}

async function openModels({ parts, settings, environment }: Studio): Promise<ModelLibrary> {
  const { folders, modelFolders, store, log, options } = parts;
  const models = await openModelLibrary({
    ...{ folders, modelFolders, store, log },
    maxConcurrent: () => settings.maxConcurrent,
    tokens: () => ({
      civitai: environment.get("CIVITAI_API_KEY"),
      huggingFace: environment.get("HF_TOKEN"),
    }),
    allowPrivate: options.allowPrivateDownloads,
  });
  settings.onChange(() => models.downloads.kick());
  return models;
}

function openUpdater({ parts, environment }: Studio, reloadCatalogs: () => Promise<void>): Updater {
  const { store, log, folders, options } = parts;
  return new Updater({
    ...{ store, log, releases: options.releases, studio: folders.studio, prepare: prepareRelease },
    shippedVersions: options.versionFiles,
    repository: new Repository(path.join(folders.studio, ".repo"), () => ({
      url: environment.get("REPO_URL"),
      branch: environment.orDefault("REPO_BRANCH"),
    })),
    runtime: () => runtimeVersion(environment),
    reloadCatalogs,
  });
}

function openTelegram(studio: Studio, context: Parameters<typeof telegramPresets>[0]): TelegramBot {
  const { store, folders, log, options } = studio.parts;
  const telegram = new TelegramBot({
    documents: store.documents,
    log,
    token: () => studio.environment.get("TELEGRAM_BOT_TOKEN"),
    ...(options.telegramApi === undefined ? {} : { apiRoot: options.telegramApi }),
    directory: path.join(folders.studio, "telegram"),
    ...telegramPresets(context),
  });
  studio.events.subscribe((logged) => {
    for (const { shown } of logged) telegram.tell(shown);
  });
  studio.follow({ ended: () => telegram.jobEnded() });
  return telegram;
}

/** Without a token it stays silent. */
export async function startTelegram(studio: Studio, telegram: TelegramBot): Promise<void> {
  await telegram.start().catch((error: unknown) => {
    studio.parts.log.warn({ err: error }, "the Telegram bot did not start");
  });
}

async function countsOf(
  { catalogue }: ModelLibrary,
  workflows: () => Promise<readonly string[]>,
): Promise<ComponentCounts> {
  const [models, loras, llm, ids] = await Promise.all([
    catalogue.summary("models"),
    catalogue.summary("loras"),
    catalogue.summary("llm"),
    workflows(),
  ]);
  return {
    models: models.count,
    modelsPresent: models.present,
    loras: loras.count,
    llmModels: llm.count,
    workflows: ids.length,
  };
}

function* nodeModules(studio: Studio): Generator<string> {
  for (const { info } of studio.parts.catalog.announcements) yield info.python_module;
}
