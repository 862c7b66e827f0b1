/** Studio, put together: what its operations share, and the order in which it starts and ends. */
import path from "node:path";
import type { EventFile, JobStore } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { ApiKeys } from "../auth/api-keys.ts";
import { IncompleteMarks } from "../catalogue/incomplete-marks.ts";
import { SHIPPED_WORKFLOWS } from "../catalogue/shipped.ts";
import { installShipped } from "../catalogue/write-workflow.ts";
import { EventLog } from "../events/event-log.ts";
import { stallAtStartup, StartupFindings } from "../events/startup.ts";
import type { FileNames } from "../files/file-lists.ts";
import type { ModelFolders } from "../files/model-folders.ts";
import { closeContract, studioError } from "../http/own-contract.ts";
import { registerStudioAssets } from "../http/studio/assets.ts";
import type { StudioJobParts } from "../http/studio/job-parts.ts";
import { resumeDeletions } from "../http/studio/delete-jobs.ts";
import { registerStudioJobs } from "../http/studio/jobs.ts";
import { registerStudioModels } from "../http/studio/models.ts";
import { QueuePause } from "../http/studio/queue-pause.ts";
import { registerStudioRunner } from "../http/studio/run-register.ts";
import { StudioSockets } from "../http/studio/socket.ts";
import { registerStudioSystem } from "../http/studio/system.ts";
import { registerTelegram } from "../http/studio/telegram.ts";
import { telegramPresets } from "../http/studio/telegram-presets.ts";
import type { JobWatcher } from "../jobs/watcher.ts";
import { type ModelLibrary, openModelLibrary } from "../model-catalogue/library.ts";
import type { NodeCatalog } from "../nodes/catalog.ts";
import { ProgressBook } from "../progress/progress-book.ts";
import { Environment } from "../system/environment.ts";
import { Settings } from "../system/settings.ts";
import { DiskReader } from "../system/telemetry/disk.ts";
import { Telemetry } from "../system/telemetry/telemetry.ts";
import { registerStudioUpdate } from "../http/studio/system-update.ts";
import { runtimeVersion } from "../system/status.ts";
import { prepareRelease } from "../system/update/prepare.ts";
import { Repository } from "../system/update/repository.ts";
import { type Releases, Updater } from "../system/update/updater.ts";
import { TelegramBot } from "../telegram/bot.ts";

/** The zone of the seed's own samples. */
const DEFAULT_ZONE = "Europe/Rome";
/** Below these everything is Studio's; what no operation takes is answered in its words. */
const PREFIXES = ["/api/admin", "/api/run"];

export interface StudioOptions {
  /** IANA zone of the times that Studio prints; absent: Europe/Rome */
  readonly zone?: string | undefined;
  /** `stall`: what waited or ran when the hub stopped is stalled, as the seed has it; `keep`: it goes on */
  readonly restartPolicy: "keep" | "stall";
  /** of Hearth itself */
  readonly version: string;
  /** what holds without being in the environment: a key that was made at the first start */
  readonly inForce: Readonly<Record<string, string>>;
  /** `version.json` files, the one that counts first */
  readonly versionFiles: readonly string[];
  /** the browser extension, unpacked */
  readonly extensionFolder: string;
  /** downloads may come from this machine and its network */
  readonly allowPrivateDownloads: boolean;
  /** where the Telegram Bot API is; absent: at its own address */
  readonly telegramApi?: string | undefined;
  /** Asks for a new hub process; returns at once. */
  readonly restart: () => void;
  /** the releases that updates make */
  readonly releases: Releases;
}

export interface StudioParts {
  readonly options: StudioOptions;
  readonly store: JobStore;
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  readonly catalog: NodeCatalog;
  readonly found: EventFile["found"];
  readonly log: Logger;
}

/** What operations need that is there only once the hub is put together. */
export interface StudioRoutes extends Pick<StudioJobParts, "submit" | "dispatcher" | "queue" | "sockets"> {
  readonly names: FileNames;
  readonly maxUploadBytes: number;
  readonly checkOrigin: boolean;
  readonly databaseFiles: readonly string[];
  readonly workers: () => Iterable<{ readonly heardAt: number }>;
}

export class Studio {
  readonly #parts: StudioParts;
  readonly zone: string;
  readonly environment: Environment;
  readonly settings: Settings;
  readonly keys: ApiKeys;
  readonly events: EventLog;
  readonly progress: ProgressBook;
  readonly pause: QueuePause;
  readonly models: ModelLibrary;
  readonly updater: Updater;
  readonly #marks: IncompleteMarks;
  readonly #findings: StartupFindings;
  #telegram: TelegramBot | undefined;
  #sockets: StudioSockets | undefined;

  private constructor(
    parts: StudioParts,
    opened: Pick<
      Studio,
      "environment" | "settings" | "keys" | "events" | "progress" | "pause" | "models" | "updater" | "zone"
    >,
  ) {
    const { folders, store, log } = parts;
    this.#parts = parts;
    this.zone = opened.zone;
    this.environment = opened.environment;
    this.settings = opened.settings;
    this.keys = opened.keys;
    this.events = opened.events;
    this.progress = opened.progress;
    this.pause = opened.pause;
    this.models = opened.models;
    this.updater = opened.updater;
    this.#marks = new IncompleteMarks({ output: folders.output, store, log });
    this.#findings = new StartupFindings(opened.events);
  }

  static async open(parts: StudioParts): Promise<Studio> {
    const { store, folders, modelFolders, catalog, log, options, found } = parts;
    const { documents } = store;
    const environment = await Environment.open(documents, process.env, options.inForce);
    const zone = options.zone ?? DEFAULT_ZONE;
    const updater = new Updater({
      ...{ store, log, releases: options.releases, studio: folders.studio, prepare: prepareRelease },
      repository: new Repository(path.join(folders.studio, ".repo"), () => ({
        url: environment.get("REPO_URL"),
        branch: environment.orDefault("REPO_BRANCH"),
      })),
      runtime: () => runtimeVersion(environment),
      reloadCatalogs: async () => models.catalogue.reload(),
    });
    // Before anything reads what an update may have left half-placed.
    await updater.repair();
    const settings = await Settings.open(documents, environment.get("MAX_CONCURRENT_DOWNLOADS"));
    const models = await openModelLibrary({
      folders,
      modelFolders,
      store,
      log,
      maxConcurrent: () => settings.maxConcurrent,
      tokens: () => ({
        civitai: environment.get("CIVITAI_API_KEY"),
        huggingFace: environment.get("HF_TOKEN"),
      }),
      allowPrivate: options.allowPrivateDownloads,
    });
    settings.onChange(() => models.downloads.kick());
    const events = await EventLog.open({ store, log, zone, found });
    if (options.restartPolicy === "stall") await stallAtStartup(store, events);
    return new Studio(parts, {
      environment,
      zone,
      settings,
      models,
      updater,
      keys: await ApiKeys.open(documents),
      events,
      progress: await ProgressBook.open({
        store,
        log,
        isOutput: (name) => catalog.get(name)?.info.output_node,
      }),
      pause: await QueuePause.open(documents),
    });
  }

  get watchers(): JobWatcher[] {
    return [this.progress, this.#marks, this.#findings, { ended: () => this.#telegram?.jobEnded() }];
  }

  /** Registers all operations, and the socket. To be called before requests are taken. */
  async register(app: FastifyInstance, routes: StudioRoutes): Promise<StudioSockets> {
    const { store, folders, modelFolders, log, options } = this.#parts;
    const { zone, progress, events, pause, environment } = this;
    await this.#marks.begin();
    await installShipped(SHIPPED_WORKFLOWS, path.join(folders.studio, "workflows"));
    const runner = registerStudioRunner(app, { ...routes, folders, modelFolders, store, progress, zone });
    const { rebuild } = runner;
    const jobs = { ...routes, store, folders, events, progress, pause, log, zone, rebuild };
    await resumeDeletions(jobs);
    registerStudioJobs(app, jobs);
    registerStudioModels(app, { library: this.models, store, zone });
    registerStudioAssets(app, { folders, store, maxUploadBytes: routes.maxUploadBytes, zone });
    registerStudioSystem(app, {
      ...{ store, zone, environment, settings: this.settings, keys: this.keys },
      telemetry: new Telemetry(new DiskReader(folders.studio, environment)),
      databaseFiles: routes.databaseFiles,
      extensionFolder: options.extensionFolder,
      versionFiles: options.versionFiles,
      counts: () => this.#counts(() => runner.context.catalogue.ids()),
      workers: routes.workers,
      nodeModules: () => this.#nodeModules(),
      stopDownloads: () => this.models.downloads.close(),
      reloadCatalogs: async () => this.models.catalogue.reload(),
      restart: options.restart,
    });
    registerStudioUpdate(app, { updater: this.updater, restart: options.restart });
    this.#telegram = this.#openTelegram(runner.context);
    registerTelegram(app, this.#telegram);
    for (const prefix of PREFIXES) closeContract(app, prefix, studioError);
    environment.onChange((key) => this.#changed(app, key));
    this.#sockets = new StudioSockets(app, { store, events, progress, checkOrigin: routes.checkOrigin });
    return this.#sockets;
  }

  #openTelegram(context: Parameters<typeof telegramPresets>[0]): TelegramBot {
    const { store, folders, log, options } = this.#parts;
    const telegram = new TelegramBot({
      documents: store.documents,
      log,
      token: () => this.environment.get("TELEGRAM_BOT_TOKEN"),
      ...(options.telegramApi === undefined ? {} : { apiRoot: options.telegramApi }),
      directory: path.join(folders.studio, "telegram"),
      ...telegramPresets(context),
    });
    this.events.subscribe((logged) => {
      for (const { shown } of logged) telegram.tell(shown);
    });
    return telegram;
  }

  /** A variable that was changed at run time holds from the next request on. */
  #changed(app: FastifyInstance, key: string): void {
    if (key === "API_KEY") app.access.setKey(this.environment.get("API_KEY"));
    if (key === "TELEGRAM_BOT_TOKEN") {
      void this.#telegram?.stop().then(() => this.#startTelegram());
    }
  }

  async #counts(workflows: () => Promise<readonly string[]> | readonly string[]): Promise<{
    models: number;
    modelsPresent: number;
    loras: number;
    llmModels: number;
    workflows: number;
  }> {
    const { catalogue } = this.models;
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

  *#nodeModules(): Generator<string> {
    for (const { info } of this.#parts.catalog.announcements) yield info.python_module;
  }

  /** The hub answers: says so, and starts what talks to others by itself. */
  async begin(): Promise<void> {
    const { version } = this.#parts.options;
    await this.events.emit("system.backend.started", { version });
    await this.#startTelegram();
  }

  async #startTelegram(): Promise<void> {
    const { log } = this.#parts;
    await this.#telegram?.start().catch((error: unknown) => {
      log.warn({ err: error }, "the Telegram bot did not start");
    });
  }

  closeSockets(): void {
    this.#sockets?.close();
  }

  /** Ends downloads and the bot, and writes what is still to be written. */
  async close(): Promise<void> {
    await this.#telegram?.close();
    await this.models.close();
    await this.events.close();
    await this.progress.close();
  }
}
