/** A hub: the process part that owns HTTP, the database and the queue. */
import { rmSync } from "node:fs";
import path from "node:path";
import { EventFile, type Finish, openSqliteStore } from "@hearth/jobs";
import { type Folders, makeFolders, type PackReport } from "@hearth/protocol";
import type { Logger } from "pino";
import { Assets } from "./assets/index.ts";
import { publicEvent } from "./events/event-log.ts";
import { EventUpkeep } from "./events/event-upkeep.ts";
import { wordJobEvent } from "./events/job-words.ts";
import { FileNames, ObjectInfo } from "./files/file-lists.ts";
import type { ModelFolders } from "./files/model-folders.ts";
import { registerAssets } from "./http/comfy/assets/index.ts";
import { registerHistory } from "./http/comfy/history.ts";
import { registerJobs } from "./http/comfy/jobs.ts";
import { registerObjectInfo } from "./http/comfy/object-info.ts";
import { registerQueue } from "./http/comfy/queue.ts";
import { Forwarder } from "./http/comfy/forward.ts";
import { registerWebSocket } from "./http/comfy/websocket.ts";
import { PackFolders } from "./nodes/pack-folders.ts";
import { features, registerFileRoutes } from "./http/comfy/index.ts";
import type { HttpOptions } from "./http/options.ts";
import { registerHealth } from "./http/ops/health.ts";
import { registerMetrics } from "./http/ops/metrics.ts";
import { registerOpenApi } from "./http/openapi/index.ts";
import { registerSignIn } from "./http/sign-in.ts";
import { LateContracts } from "./http/late-contracts.ts";
import { STUDIO_SOCKET_PATH } from "./http/studio/socket-path.ts";
import type { ControlOptions } from "./control/options.ts";
import { createHttpServer } from "./http/server.ts";
import { allWatchers } from "./jobs/watcher.ts";
import { Dispatcher } from "./jobs/dispatcher.ts";
import { OutputIds } from "./jobs/output-ids.ts";
import { filesOfPrompt } from "./jobs/prompt-files.ts";
import { QueueCount } from "./jobs/queue-count.ts";
import { submitParts } from "./jobs/submit-parts.ts";
import { LinkGateway } from "./link/gateway.ts";
import { LinkFiles } from "./link/link-files.ts";
import type { WorkerLauncher } from "./link/supervisor.ts";
import { listen, type ListenAddress } from "./listen.ts";
import { NodeCatalog } from "./nodes/catalog.ts";
import { keptSecret, linkSocketPath, readRunningFile, writeRunningFile } from "./runtime-files.ts";
import { DiskWatch } from "./ops/disk-watch.ts";
import { HubMetrics } from "./ops/metrics.ts";
import { Notifications } from "./ops/notifications.ts";
import { stopHub } from "./stop.ts";
import { Studio, type StudioOptions } from "./studio/studio.ts";
import { userOf } from "./users/user-of.ts";
import { Canaries } from "./workers/canaries.ts";
import { comfyUiDevices } from "./workers/devices.ts";
import type { PreferNative } from "./workers/eligibility.ts";
import { Fleet } from "./workers/fleet.ts";
import { IdleMemory } from "./workers/idle-memory.ts";
import { RegisteredRunners, type RunnerLauncher } from "./workers/registered-runners.ts";
import { Scheduler } from "./workers/scheduler.ts";
import { Supervisors } from "./workers/supervisors.ts";
import { WorkerEvents } from "./workers/worker-events.ts";
import { jsonFrame } from "./sockets/run-frames.ts";
import { SocketHub } from "./sockets/socket-hub.ts";

export interface HubOptions {
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  readonly databaseFile: string;
  readonly addresses: readonly ListenAddress[];
  readonly http: Omit<HttpOptions, "folders" | "modelFolders" | "log" | "packs" | "logSockets">;
  /** which packs are wanted; default: all */
  readonly packs?: "all" | readonly string[];
  /** `--enable-assets`; absent: off */
  readonly assets?: { readonly hashing: boolean } | undefined;
  readonly studio: StudioOptions;
  readonly control: ControlOptions;
  /** the workers that this hub starts */
  readonly launchers: readonly WorkerLauncher[];
  /** starts the driver of a registered runner */
  readonly runnerLauncher: RunnerLauncher;
  /** which prompts the native worker takes before others */
  readonly preferNative: PreferNative;
  /** idle workers are told to free memory after so long; 0: never */
  readonly freeIdleMs: number;
  readonly log: Logger;
}

export interface Hub {
  /** where it listens, as a person would type it */
  readonly urls: readonly string[];
  /** resolves when the first worker is there */
  readonly ready: Promise<void>;
  /**
   * Finishes answers and closes the database. What runs is queued again and its worker ends; with `handOver` both go
   * on, and the next hub takes them back.
   */
  stop(how?: { readonly handOver: boolean }): Promise<void>;
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const { folders, log } = options;
  const store = await openSqliteStore(options.databaseFile, { wordEvent: wordJobEvent });
  rmSync(folders.temp, { recursive: true, force: true });
  makeFolders(folders);
  const { zone } = options.studio;
  const events = await EventFile.open(path.join(folders.studio, "events.jsonl"), store, {
    print: (event) => publicEvent(event, zone),
  });
  const upkeep = new EventUpkeep({ store, file: events, log });
  const leftBehind = readRunningFile(folders);
  const names = new FileNames(folders, options.modelFolders);
  const { preferNative } = options;
  const fleet = await Fleet.open({ documents: store.documents, store, log, names, preferNative });
  const catalog = new NodeCatalog(fleet);
  const studio = await Studio.open({
    ...{ options: options.studio, store, folders, modelFolders: options.modelFolders, catalog, log },
    found: events.found,
  });
  const counts = await store.counts();
  const queue = new QueueCount(counts.pending, counts.running);
  const objectInfo = new ObjectInfo(catalog, names);
  const ready = Promise.withResolvers<void>();
  const packs = new PackFolders({ folders: folders.customNodes, wanted: options.packs });

  let urls: string[] = [];
  let isOpen = true;
  const note = (): void => {
    const workers = supervisors.pids;
    writeRunningFile(folders, {
      ...{ hub: process.pid, starter: process.ppid, worker: workers["native"], workers, urls },
    });
  };

  const assets = await openAssets(options, (type, data) => sockets.broadcast([jsonFrame(type, data)]));
  const forwarder: Forwarder = new Forwarder({
    members: () => fleet.members,
    tunnels: { agentOf: (link) => gateway.tunnels.agentOf(link) },
    log,
  });
  const httpOptions: HttpOptions = {
    ...options.http,
    forwarder,
    folders,
    modelFolders: options.modelFolders,
    log,
    packs,
    assets,
    logSockets: () => sockets,
    devices: () => comfyUiDevices(fleet.members),
    modelsElsewhere: () =>
      fleet.members.flatMap(({ mode, nodes: { models } }) =>
        mode === "disabled" || models === undefined ? [] : [models],
      ),
  };
  const workerEvents = new WorkerEvents({
    ...{ fleet, log },
    emit: (type, data) => void studio.events.emit(type, data),
  });
  const canaries = new Canaries({ fleet, log, isIdle: (link) => !dispatcher.isBusy(link) });
  const idleMemory = new IdleMemory({ members: () => fleet.members, afterMs: options.freeIdleMs });
  const scheduler = new Scheduler({ fleet, kick: () => dispatcher.kick() });
  const dispatcher: Dispatcher = new Dispatcher({
    ...{ store, fleet, canaries, queue, log, sockets: () => sockets },
    isPaused: () => studio.pause.isPaused,
    chooserFor: (link, others) => scheduler.chooserFor(link, others),
    hasWorkerFor: (needs, except) => scheduler.hasWorkerFor(needs, except),
    filesOf: (prompt) => filesOfPrompt(prompt, folders),
    watcher: allWatchers([
      ...studio.watchers,
      {
        ended: (_job, finish) => noteEnd(finish, metrics, log),
        requeued: (_job, kind) => metrics.jobRetried(kind),
      },
      // Hashing and scanning leave the disk to what runs.
      { started: () => assets?.setBusy(true), ended: () => assets?.setBusy(queue.running > 0) },
    ]),
    outputIds:
      assets === undefined
        ? undefined
        : new OutputIds((promptId, files) => assets.registerOutputs(promptId, files), log),
  });
  await dispatcher.recover();
  const sockets: SocketHub = new SocketHub({
    queueRemaining: () => queue.remaining,
    features: () => features(httpOptions),
    currentNode: (sid) => dispatcher.currentNode(sid),
    standing: () => notifications.standing(),
  });

  const notifications = new Notifications(() => sockets);
  const diskWatch = new DiskWatch({
    folder: folders.output,
    notifications,
    log,
    lowBytes: LITTLE_DISK_BYTES,
  });
  const metrics = new HubMetrics({
    queue,
    sockets: () => sockets.size,
    workers: () => fleet.members,
  });
  const runners: RegisteredRunners = new RegisteredRunners({
    ...{ documents: store.documents, keys: studio.keys, launcherOf: options.runnerLauncher, fleet, log },
    supervisors: () => supervisors,
    retire: (link) => dispatcher.retire(link),
  });
  const registered = await runners.launchers();
  runners.began(registered);
  const launchers = [...options.launchers, ...registered];
  await fleet.supervise(launchers.map(({ name }) => name));
  const supervisors = new Supervisors(launchers, log, note);
  const gateway = new LinkGateway(
    linkSocketPath(folders),
    keptSecret(path.dirname(options.databaseFile), "link-token").secret,
    {
      joined: async (link) => {
        supervisors.joined(link);
        fleet.joined(link);
        await dispatcher.joined(link, supervisors.suits(link));
      },
      lost: (link) => {
        dispatcher.lost(link);
        fleet.lost(link);
        supervisors.lost(link);
        if (!isOpen) return;
        notifications.tell("worker-lost", `The worker ${link.name} is gone.`);
      },
      heartbeat: (link, message) => dispatcher.heartbeat(link, message),
      said: (link, message) => {
        if (message.type === "state") return fleet.stateChanged(link, message);
        if (message.type !== "nodes") return dispatcher.said(link, message);
        void fleet.announced(link, message).then(ready.resolve);
        if (link.engine === "comfyui" || link.isRemote) return;
        packs.announce(message.packs);
        reportPacks(message.packs, notifications, log);
      },
    },
    log,
    {
      access: () => app.access,
      files: new LinkFiles({ folders, maxUploadBytes: LARGEST_OUTPUT_BYTES, log }),
      isReserved: (name) => supervisors.has(name),
    },
  );

  const checkOrigin = options.http.corsOrigin === undefined;
  const contracts = new LateContracts(async () => {
    const { openOwnContracts } = await import("./http/own-contracts.ts");
    const { maxUploadBytes } = httpOptions;
    return openOwnContracts({
      ...{ http: httpOptions, main: app, studio },
      routes: {
        ...{ submit, dispatcher, queue, names, checkOrigin, maxUploadBytes, sockets: () => sockets },
        databaseFiles: [
          options.databaseFile,
          ...(assets === undefined ? [] : [path.join(folders.studio, "assets.db")]),
        ],
        ...{ fleet, canaries, decisions: scheduler.decisions },
        workers: () => gateway.links,
      },
      control: {
        ...{ store, submit, dispatcher, folders, log, maxUploadBytes, options: options.control },
        queueChanged: () => sockets.broadcastStatus(),
        runnersChanged: () => void runners.follow(),
        secret: keptSecret(folders.studio, "url-secret").secret,
      },
    });
  }, log);
  const app = createHttpServer(httpOptions, { others: contracts, links: gateway });
  app.access.setKey(studio.environment.get("API_KEY"));
  app.access.useNamedKeys(studio.keys);
  const submit = submitParts({ store, queue, objectInfo, catalog, sockets, fleet, folders, log });
  const context = { store, queue, dispatcher, submit, sockets: () => sockets, workers: () => gateway.links };
  registerSignIn(app);
  registerHealth(app, () => ({
    nodes: catalog.version > 0,
    worker: fleet.members.some(({ link, state }) => link !== undefined && state.isAvailable),
    open: isOpen,
  }));
  registerMetrics(app, metrics);
  registerQueue(app, context);
  registerHistory(app, context);
  registerJobs(app, context);
  registerObjectInfo(app, {
    objectInfo,
    whenNodesKnown: () => catalog.whenKnown(),
    asked: () => assets?.scanSoon(),
  });
  registerWebSocket(app, () => sockets, checkOrigin, {
    other: { path: STUDIO_SOCKET_PATH, take: (...upgrade) => contracts.takeUpgrade(...upgrade) },
    links: gateway,
    forwarder,
  });
  registerFileRoutes(app, httpOptions, names);
  registerAssets(app, {
    assets,
    uploadDirectory: folders.input,
    maxUploadBytes: httpOptions.maxUploadBytes,
    viewerOf: (request) => (options.http.multiUser === true ? userOf(request) : ""),
  });
  registerOpenApi(app, () => contracts.load());

  await gateway.listen();
  dispatcher.awaitWorkers();
  supervisors.begin(leftBehind?.workers ?? {});
  const listening = await listen(app, options.addresses, options.http.tls);
  urls = listening.urls;
  note();
  assets?.scanSoon();
  void studio.events.emit("system.backend.started", { version: options.studio.version });
  contracts.begin();
  // Healthy: it listens, and a worker is there.
  ready.promise
    .then(() => contracts.load())
    .then((loaded) => loaded.healthy())
    .catch((error: unknown) => log.error({ err: error }, "the update could not be ended"));
  return {
    urls,
    ready: ready.promise,
    stop: ({ handOver } = { handOver: false }) => {
      isOpen = false;
      diskWatch.stop();
      canaries.stop();
      workerEvents.stop();
      scheduler.stop();
      runners.stop();
      idleMemory.stop();
      return stopHub({
        handOver,
        assets,
        studio,
        contracts,
        app,
        listening,
        dispatcher,
        supervisors,
        gateway,
        sockets,
        store,
        upkeep,
      });
    },
  };
}

/** What a worker elsewhere may send of one output: a long video, not an endless one. */
const LARGEST_OUTPUT_BYTES = 64 * 1024 ** 3;
/** With less than this, the next videos or downloads fail. */
const LITTLE_DISK_BYTES = 1024 ** 3;
/** Without its database the server runs, and says so. */
async function openAssets(
  { folders, modelFolders, log, assets }: HubOptions,
  broadcast: (type: string, data: unknown) => void,
): Promise<Assets | undefined> {
  if (assets === undefined) return undefined;
  try {
    return await Assets.open({ folders, modelFolders, broadcast, log, hashing: assets.hashing });
  } catch (error) {
    log.error({ err: error }, "the asset database cannot be opened: assets are unavailable");
    return undefined;
  }
}

function noteEnd({ state, startedAt, endedAt }: Finish, metrics: HubMetrics, log: Logger): void {
  const seconds = startedAt === undefined ? undefined : (endedAt - startedAt) / 1000;
  metrics.jobEnded(state, seconds);
  // ComfyUI's own words: who follows the log looks for them.
  if (seconds !== undefined) log.info(`Prompt executed in ${seconds.toFixed(2)} seconds`);
}

function reportPacks(packs: readonly PackReport[], notifications: Notifications, log: Logger): void {
  for (const { name, problem } of packs) {
    if (problem === undefined) notifications.clear(`pack-${name}`);
    else {
      const text = `pack ${name} is left out: ${problem}`;
      log.warn(text);
      notifications.raise(`pack-${name}`, text);
    }
  }
}

export function defaultDatabaseFile(folders: Folders): string {
  return path.join(folders.studio, "hearth.db");
}
