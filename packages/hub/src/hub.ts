/** A hub: the process part that owns HTTP, the database and the queue. */
import { rmSync } from "node:fs";
import path from "node:path";
import { EventFile, type JobStore, openSqliteStore } from "@hearth/jobs";
import { type Folders, makeFolders, type NodeClassAnnouncement, type PackReport } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { FileNames, ObjectInfo } from "./files/file-lists.ts";
import type { ModelFolders } from "./files/model-folders.ts";
import { registerHistory } from "./http/comfy/history.ts";
import { registerJobs } from "./http/comfy/jobs.ts";
import { registerObjectInfo } from "./http/comfy/object-info.ts";
import { registerQueue } from "./http/comfy/queue.ts";
import { registerWebSocket } from "./http/comfy/websocket.ts";
import { features, registerFileRoutes } from "./http/comfy/index.ts";
import type { HttpOptions } from "./http/options.ts";
import { registerSignIn } from "./http/sign-in.ts";
import { createHttpServer } from "./http/server.ts";
import { Dispatcher } from "./jobs/dispatcher.ts";
import { QueueCount } from "./jobs/queue-count.ts";
import type { SubmitParts } from "./jobs/submit.ts";
import { LinkGateway } from "./link/gateway.ts";
import { type WorkerLauncher, WorkerSupervisor } from "./link/supervisor.ts";
import type { WorkerLink } from "./link/worker-link.ts";
import { listen, type ListenAddress, type Listening } from "./listen.ts";
import { NodeCatalog } from "./nodes/catalog.ts";
import { keptSecret, linkSocketPath, readRunningFile, writeRunningFile } from "./runtime-files.ts";
import { SocketHub } from "./sockets/socket-hub.ts";

export interface HubOptions {
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  readonly databaseFile: string;
  readonly addresses: readonly ListenAddress[];
  readonly http: Omit<HttpOptions, "folders" | "modelFolders" | "log">;
  readonly launcher: WorkerLauncher;
  readonly log: Logger;
}

export interface Hub {
  /** where it listens, as a person would type it */
  readonly urls: readonly string[];
  /** resolves when the first worker is there */
  readonly ready: Promise<void>;
  /** Stops answering, leaves running jobs to their worker, and closes the database. */
  stop(): Promise<void>;
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const { folders, log } = options;
  const store = await openSqliteStore(options.databaseFile);
  rmSync(folders.temp, { recursive: true, force: true });
  makeFolders(folders);
  const events = await EventFile.open(path.join(folders.studio, "events.jsonl"), store);
  const eventTimer = appendEvents(events, store, log);
  const leftBehind = readRunningFile(folders);
  const catalog = new NodeCatalog(store);
  await catalog.load();
  const counts = await store.counts();
  const queue = new QueueCount(counts.pending, counts.running);
  const names = new FileNames(folders, options.modelFolders);
  const objectInfo = new ObjectInfo(catalog, names);
  const ready = Promise.withResolvers<void>();
  const httpOptions: HttpOptions = { ...options.http, folders, modelFolders: options.modelFolders, log };

  let worker: number | undefined;
  let urls: string[] = [];
  const note = (): void =>
    writeRunningFile(folders, { hub: process.pid, starter: process.ppid, worker, urls });

  const dispatcher = new Dispatcher({ store, sockets: () => sockets, queue, log });
  await dispatcher.recover();
  const sockets: SocketHub = new SocketHub({
    queueRemaining: () => queue.remaining,
    features: () => features(httpOptions),
    currentNode: (sid) => dispatcher.currentNode(sid),
  });

  const supervisor = new WorkerSupervisor(options.launcher, log, (pid) => {
    worker = pid;
    note();
  });
  const gateway = new LinkGateway(
    linkSocketPath(folders),
    keptSecret(path.dirname(options.databaseFile), "link-token").secret,
    {
      joined: async (link) => {
        supervisor.joined(link.pid);
        await dispatcher.joined(link, link.settings === options.launcher.settings);
      },
      lost: (link) => {
        dispatcher.lost(link);
        supervisor.lost(link.pid);
      },
      said: (link, message) => {
        if (message.type !== "nodes") return dispatcher.said(link, message);
        void catalog.announce(message.classes).then(ready.resolve);
        reportPacks(message.packs, log);
      },
    },
    log,
  );

  const app = createHttpServer(httpOptions);
  const submit = submitParts(objectInfo, catalog, gateway, { store, queue, sockets });
  const context = { store, queue, dispatcher, submit, sockets: () => sockets, workers: () => gateway.links };
  registerSignIn(app);
  registerQueue(app, context);
  registerHistory(app, context);
  registerJobs(app, context);
  registerObjectInfo(app, { objectInfo, whenNodesKnown: () => catalog.whenKnown() });
  registerWebSocket(app, () => sockets, options.http.corsOrigin === undefined);
  registerFileRoutes(app, httpOptions, names);

  await gateway.listen();
  supervisor.begin(leftBehind?.worker);
  const listening = await listen(app, options.addresses, options.http.tls);
  urls = listening.urls;
  note();
  return {
    urls,
    ready: ready.promise,
    stop: () =>
      stopHub({ app, listening, dispatcher, supervisor, gateway, sockets, store, events, eventTimer }),
  };
}

interface Running {
  readonly app: FastifyInstance;
  readonly listening: Listening;
  readonly dispatcher: Dispatcher;
  readonly supervisor: WorkerSupervisor;
  readonly gateway: LinkGateway;
  readonly sockets: SocketHub;
  readonly store: JobStore;
  readonly events: EventFile;
  readonly eventTimer: NodeJS.Timeout;
}

const EVENTS_MS = 500;

/** The event file follows the table at its own pace: nobody waits for it. */
function appendEvents(events: EventFile, store: JobStore, log: Logger): NodeJS.Timeout {
  let version = store.version;
  return setInterval(() => {
    if (store.version === version) return;
    version = store.version;
    events.append().catch((error: unknown) => log.error({ err: error }, "events.jsonl could not be written"));
  }, EVENTS_MS);
}

async function stopHub({
  app,
  listening,
  dispatcher,
  supervisor,
  gateway,
  sockets,
  store,
  events,
  eventTimer,
}: Running): Promise<void> {
  supervisor.stop();
  dispatcher.stop();
  sockets.close();
  // Workers end once they are idle; one with a job finishes it and keeps the result for the next hub.
  for (const link of gateway.links) link.send({ type: "stop" });
  listening.close();
  app.server.closeIdleConnections();
  await app.close();
  await gateway.close();
  clearInterval(eventTimer);
  await events.append();
  await events.close();
  await store.close();
}

function submitParts(
  objectInfo: ObjectInfo,
  catalog: NodeCatalog,
  gateway: LinkGateway,
  { store, queue, sockets }: Pick<SubmitParts, "store" | "queue"> & { sockets: SocketHub },
): SubmitParts {
  const withFiles = (name: string): NodeClassAnnouncement | undefined => {
    const announced = catalog.get(name);
    if (announced?.lists === undefined) return announced;
    const info = objectInfo.current().byClass.get(name);
    return info === undefined ? announced : { ...announced, info };
  };
  return {
    store,
    queue,
    whenNodesKnown: () => catalog.whenKnown(),
    classes: withFiles,
    runValidator: async (className, given) => {
      const link = firstOf(gateway.links);
      // Nobody to ask: the job is accepted, and the engine has the last word.
      return (await link?.validate(className, given)) ?? { result: true };
    },
    accepted: () => sockets.broadcastStatus(),
  };
}

function firstOf(links: ReadonlySet<WorkerLink>): WorkerLink | undefined {
  for (const link of links) return link;
  return undefined;
}

function reportPacks(packs: readonly PackReport[], log: Logger): void {
  for (const pack of packs) {
    if (pack.problem !== undefined) log.warn(`pack ${pack.name} is left out: ${pack.problem}`);
  }
}

export function defaultDatabaseFile(folders: Folders): string {
  return path.join(folders.studio, "hearth.db");
}
