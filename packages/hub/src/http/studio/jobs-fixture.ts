/**
 * What the tests of Studio's jobs share: a server with a real store, event log, dispatcher and sockets, and a worker that
 * is played by the test.
 */
import { once } from "node:events";
import path from "node:path";
import type { TestContext } from "node:test";
import { EventFile, type Finish, type JobStore, type NewJob, openSqliteStore } from "@hearth/jobs";
import {
  type Folders,
  type HubToWorker,
  type JsonObject,
  type NodeClassAnnouncement,
  parseJson,
  printJson,
  type RunMessage,
  type RunResult,
} from "@hearth/protocol";
import { pino } from "pino";
import { WebSocket } from "ws";
import { EventLog, publicEvent } from "../../events/event-log.ts";
import { wordJobEvent } from "../../events/job-words.ts";
import { StartupFindings, stallAtStartup } from "../../events/startup.ts";
import { Dispatcher } from "../../jobs/dispatcher.ts";
import { QueueCount } from "../../jobs/queue-count.ts";
import { submitPrompt, type SubmitParts } from "../../jobs/submit.ts";
import { allWatchers } from "../../jobs/watcher.ts";
import type { WorkerLink } from "../../link/worker-link.ts";
import { ProgressBook } from "../../progress/progress-book.ts";
import { SocketHub } from "../../sockets/socket-hub.ts";
import { Canaries } from "../../workers/canaries.ts";
import { Fleet } from "../../workers/fleet.ts";
import {
  printJobDetails,
  NO_DETAILS,
  type RebuildJob,
  type StudioJobDetails,
} from "../../studio/job-details.ts";
import { closeContract, studioError } from "../own-contract.ts";
import { startServer, temporaryFolders } from "../test-server.ts";
import type { StudioJobParts } from "./job-parts.ts";
import { registerStudioJobs } from "./jobs.ts";
import { QueuePause } from "./queue-pause.ts";
import { STUDIO_SOCKET_PATH } from "./socket-path.ts";
import { StudioSockets } from "./socket.ts";

export const KEY = { "x-api-key": "secret-key" };
const LOG = pino({ level: "silent" });

/** Two classes: a slow one, and one that shows what it got. */
const CLASSES: Readonly<Record<string, NodeClassAnnouncement>> = Object.fromEntries(
  (["KSampler", "SaveImage"] as const).map((name) => [name, announced(name)]),
);

function announced(name: "KSampler" | "SaveImage"): NodeClassAnnouncement {
  const isOutput = name === "SaveImage";
  return {
    name,
    info: {
      input: {
        required: isOutput
          ? { images: ["IMAGE"], filename_prefix: ["STRING", {}] }
          : { seed: ["INT", {}], text: ["STRING", {}] },
      },
      input_order: { required: isOutput ? ["images", "filename_prefix"] : ["seed", "text"] },
      output: isOutput ? [] : ["IMAGE"],
      output_is_list: isOutput ? [] : [false],
      output_name: isOutput ? [] : ["IMAGE"],
      name,
      display_name: name,
      description: "",
      python_module: "nodes",
      category: "test",
      output_node: isOutput,
    },
  } as unknown as NodeClassAnnouncement;
}

/** A prompt of two nodes. */
export function prompt(more: { text?: string; prefix?: string; title?: string } = {}): JsonObject {
  return {
    "1": {
      class_type: "KSampler",
      inputs: { seed: 7, text: more.text ?? "a cat" },
      _meta: { title: more.title ?? "Sampler" },
    },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: more.prefix ?? "x" } },
  };
}

type Assign = Extract<HubToWorker, { type: "assign" }>;

/** The worker of a test: takes what it is given, and says what the test wants. */
export class PlayedWorker {
  readonly workerId = "w1:1";
  readonly name = "w1";
  readonly pid = process.pid;
  readonly engine = "native";
  readonly concurrency = 1;
  readonly tags = [];
  readonly files = "shared";
  readonly isRemote = false;
  readonly settings = "";
  readonly held = [];
  readonly #assigned: Assign[] = [];
  #waiting: ((job: Assign) => void)[] = [];
  /** prompt ids of jobs that it was asked to stop */
  readonly interrupted: string[] = [];
  dispatcher!: Dispatcher;
  /** called when it is asked to stop a job; default: it ends as interrupted */
  onInterrupt = (job: Assign): void => void this.finish(job, { status: "interrupted" });

  get link(): WorkerLink {
    return this as unknown as WorkerLink;
  }

  send(message: HubToWorker): void {
    if (message.type !== "assign") return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#assigned.push(message);
    else waiting(message);
    this.#current.set(message.jobId, message);
  }

  readonly #current = new Map<string, Assign>();

  interrupt(ref: { jobId: string; promptId: string }): void {
    this.interrupted.push(ref.promptId);
    const job = this.#current.get(ref.jobId);
    if (job !== undefined) this.onInterrupt(job);
  }

  /** The next job that it is given. */
  next(): Promise<Assign> {
    const job = this.#assigned.shift();
    return job === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(job);
  }

  say(job: Assign, ...items: RunMessage[]): void {
    this.dispatcher.said(this.link, { ...ref(job), type: "messages", items });
  }

  finish(job: Assign, result: Partial<RunResult> = {}): void {
    const messages: RunResult["messages"] = [
      ["execution_start", { prompt_id: job.promptId, timestamp: Date.now() - 2_000 }],
    ];
    this.dispatcher.said(this.link, {
      ...ref(job),
      type: "finished",
      result: { status: "success", outputs: {}, meta: {}, messages, nodeTimes: {}, ...result },
    });
  }
}

function ref({ jobId, promptId, attempt }: Assign): { jobId: string; promptId: string; attempt: number } {
  return { jobId, promptId, attempt };
}

export function json(type: string, data: JsonObject): RunMessage {
  return { kind: "json", type, data, audience: "client" };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

export interface JobsFixture {
  readonly store: JobStore;
  readonly folders: Folders;
  readonly url: string;
  readonly port: number;
  readonly worker: PlayedWorker;
  readonly parts: StudioJobParts;
  readonly studioSockets: StudioSockets;
  readonly eventFile: EventFile;
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
  /** queues a job of Studio, or of the ComfyUI contract where `details` is absent; gives its prompt id */
  readonly submit: (more?: {
    details?: Partial<StudioJobDetails>;
    prompt?: JsonObject;
    owner?: string;
    promptId?: string;
  }) => Promise<string>;
  /** a job that has run to its end; gives its prompt id */
  readonly ran: (more?: Parameters<JobsFixture["submit"]>[0], result?: Partial<RunResult>) => Promise<string>;
}

export interface FixtureOptions {
  readonly rebuild?: RebuildJob;
  readonly folders?: Folders;
  /** no worker comes by itself */
  readonly idle?: boolean;
  /** all that was active is stalled, instead of picked up */
  readonly stall?: boolean;
  readonly beforeStart?: (store: JobStore) => Promise<void>;
}

export async function jobsFixture(t: TestContext, options: FixtureOptions = {}): Promise<JobsFixture> {
  const folders = options.folders ?? temporaryFolders(t);
  const store = await openSqliteStore(path.join(folders.studio, "hearth.db"), { wordEvent: wordJobEvent });
  await options.beforeStart?.(store);
  const eventFile = await EventFile.open(path.join(folders.studio, "events.jsonl"), store, {
    print: (event) => publicEvent(event),
  });
  const events = await EventLog.open({ store, log: LOG, found: eventFile.found });
  if (options.stall === true) await stallAtStartup(store, events);
  const progress = await ProgressBook.open({
    store,
    log: LOG,
    isOutput: (name) => CLASSES[name]?.info.output_node,
  });
  const pause = await QueuePause.open(store.documents);
  const counts = await store.counts();
  const queue = new QueueCount(counts.pending, counts.running);
  const sockets = new SocketHub({
    queueRemaining: () => queue.remaining,
    features: () => ({}),
    currentNode: () => undefined,
    standing: () => [],
  });
  const worker = new PlayedWorker();
  const fleet = await Fleet.open({ documents: store.documents, store, log: LOG });
  fleet.joined(worker.link);
  const canaries = new Canaries({ fleet, log: LOG, isIdle: () => false });
  const dispatcher = new Dispatcher({
    ...{ store, fleet, canaries, queue, log: LOG, sockets: () => sockets },
    isPaused: () => pause.isPaused,
    chooserFor: () => undefined,
    hasWorkerFor: () => true,
    filesOf: () => Promise.resolve([]),
    watcher: allWatchers([progress, new StartupFindings(events)]),
  });
  worker.dispatcher = dispatcher;
  await dispatcher.recover();
  const submit: SubmitParts = {
    store,
    queue,
    whenNodesKnown: () => Promise.resolve(),
    classes: (name) => CLASSES[name],
    runValidator: () => Promise.resolve({ result: true }),
    place: () => ({ needs: undefined }),
    accepted: () => {},
  };
  const parts: StudioJobParts = {
    store,
    submit,
    dispatcher,
    queue,
    sockets: () => sockets,
    folders,
    events,
    progress,
    pause,
    log: LOG,
    rebuild:
      options.rebuild ??
      (async (details) => ({
        prompt: prompt(),
        details: { ...details, output_dir: "20260324_150000_ffffff" },
      })),
  };
  let studioSockets!: StudioSockets;
  // Before the server's own end, which waits for its sockets.
  t.after(() => studioSockets.close());
  const server = await startServer(t, {}, (app) => {
    registerStudioJobs(app, parts);
    closeContract(app, "/api/admin", studioError);
    studioSockets = new StudioSockets(app, { store, events, progress, checkOrigin: true });
    app.server.on("upgrade", (request, socket, head) => studioSockets.upgrade(request, socket, head));
    app.access.useNamedKeys({
      find: (text) => NAMED[text],
      byId: () => undefined,
    });
  });
  if (options.idle !== true) await dispatcher.joined(worker.link, true);
  t.after(async () => {
    await dispatcher.stop({ handOver: false });
    canaries.stop();
    await fleet.close();
    sockets.close();
    await events.close();
    await progress.close();
    await eventFile.close();
    await store.close();
  });

  const ask: JobsFixture["ask"] = async (method, target, body, headers = KEY) => {
    const response = await fetch(server.url + target, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson === true ? parseJson(text) : text,
    };
  };
  const queueJob: JobsFixture["submit"] = async (more = {}) => {
    const { details } = more;
    const answer = await submitPrompt(submit, {
      body: {
        prompt: more.prompt ?? prompt(),
        ...(more.promptId === undefined ? {} : { prompt_id: more.promptId }),
      },
      owner: more.owner ?? "anonymous",
      ...(details === undefined
        ? {}
        : { surface: "studio" as const, details: printJobDetails({ ...NO_DETAILS, ...details }) }),
    });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    dispatcher.kick();
    return String(answer.body["prompt_id"]);
  };
  return {
    store,
    folders: server.folders === folders ? server.folders : folders,
    url: server.url,
    port: server.port,
    worker,
    parts,
    studioSockets,
    eventFile,
    ask,
    submit: queueJob,
    ran: async (more, result) => {
      const promptId = await queueJob(more);
      const job = await worker.next();
      worker.finish(job, result);
      await until(async () => {
        const state = (await store.getByPromptId(promptId))?.state;
        return state !== "running" && state !== "queued";
      }, store);
      return promptId;
    },
  };
}

const NAMED: Readonly<Record<string, { owner: string; name: string; scopes: ("read" | "run" | "admin")[] }>> =
  {
    alice: { owner: "key:alice", name: "alice", scopes: ["run"] },
    bob: { owner: "key:bob", name: "bob", scopes: ["run"] },
    reader: { owner: "key:reader", name: "reader", scopes: ["read"] },
  };

/** Resolves when the condition holds, which is looked at again with every change of the store. */
export async function until(condition: () => Promise<boolean>, store: JobStore): Promise<void> {
  for (;;) {
    let stop = (): void => {};
    const changed = new Promise<void>((resolve) => {
      stop = store.onChange(resolve);
    });
    const holds = await condition();
    if (!holds) await changed;
    stop();
    if (holds) return;
  }
}

/** A page's socket: what it heard, and waiting for more. */
export class Page {
  readonly socket: WebSocket;
  /** parsed texts, and buffers */
  readonly heard: any[] = [];

  constructor(port: number, query = "token=secret-key", options: { headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${STUDIO_SOCKET_PATH}?${query}`, options);
    this.socket.on("message", (data: Buffer, isBinary: boolean) => {
      this.heard.push(isBinary ? data : parseJson(data.toString()));
    });
  }

  static async open(t: TestContext, port: number, query?: string): Promise<Page> {
    const page = new Page(port, query);
    t.after(() => page.socket.terminate());
    await once(page.socket, "open");
    return page;
  }

  /** The first message heard that fits. */
  async find(fits: (message: any) => boolean): Promise<any> {
    for (;;) {
      const found = this.heard.find(fits);
      if (found !== undefined) return found;
      await once(this.socket, "message");
    }
  }

  get events(): any[] {
    return this.heard.filter((message) => !Buffer.isBuffer(message) && "type" in message);
  }

  get progress(): any[] {
    return this.heard.filter((message) => !Buffer.isBuffer(message) && "prompt_id" in message);
  }
}

/** A job for the store itself, where a test needs many. */
export function newJob(promptId: string, more: Partial<NewJob> = {}): NewJob {
  return {
    promptId,
    prompt: printJson(prompt()),
    extraData: "{}",
    sensitive: undefined,
    outputsToExecute: ["2"],
    number: undefined,
    front: false,
    clientId: undefined,
    owner: "anonymous",
    createdAt: Date.now(),
    workflowId: undefined,
    ...more,
  };
}

export function finished(more: Partial<Finish> = {}): Finish {
  return {
    state: "completed",
    outputs: "{}",
    status: "{}",
    meta: "{}",
    error: undefined,
    nodeTimes: "{}",
    outputsCount: 0,
    previewableCount: 0,
    previewOutput: undefined,
    startedAt: Date.now() - 2_000,
    endedAt: Date.now(),
    ...more,
  };
}
