/** A dispatcher over a real store and a real fleet, with workers that a test plays. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Job, type JobStore, type NewJob, openSqliteStore } from "@hearth/jobs";
import type {
  AttemptFailure,
  AttemptRef,
  HubToWorker,
  JsonObject,
  RunResult,
  WorkerEngineKind,
} from "@hearth/protocol";
import { pino } from "pino";
import type { WorkerLink } from "../link/worker-link.ts";
import type { SocketHub } from "../sockets/socket-hub.ts";
import { Canaries } from "../workers/canaries.ts";
import { Fleet } from "../workers/fleet.ts";
import { Scheduler } from "../workers/scheduler.ts";
import { Dispatcher } from "./dispatcher.ts";
import { QueueCount } from "./queue-count.ts";
import { allWatchers } from "./watcher.ts";

const LOG = pino({ level: "silent" });

const EMPTY_RESULT: RunResult = { status: "success", outputs: {}, meta: {}, messages: [], nodeTimes: {} };

export type Assign = Extract<HubToWorker, { type: "assign" }>;

/** A worker's link as the hub sees it: what is sent is kept, and a test says what the worker would. */
export class PlayedLink {
  readonly workerId: string;
  readonly name: string;
  readonly engine: WorkerEngineKind;
  readonly pid = process.pid;
  readonly concurrency = 1;
  readonly tags = [];
  readonly files = "shared";
  readonly address = undefined;
  readonly settings = "";
  readonly isRemote: boolean;
  hasLeft = false;
  readonly held: readonly never[] = [];
  readonly sent: HubToWorker[] = [];
  readonly #arrived = new Set<() => void>();

  constructor(name: string, engine: WorkerEngineKind = "native", process = "1", isRemote = false) {
    this.workerId = `${name}:${process}`;
    this.name = name;
    this.engine = engine;
    this.isRemote = isRemote;
  }

  get link(): WorkerLink {
    return this as unknown as WorkerLink;
  }

  send(message: HubToWorker): void {
    this.sent.push(message);
    for (const arrived of this.#arrived) arrived();
  }

  interrupt(ref: AttemptRef): void {
    this.send({ type: "interrupt", ...ref });
  }

  /** The first message of a type, now or later; it is taken out. */
  async take<T extends HubToWorker["type"]>(type: T): Promise<Extract<HubToWorker, { type: T }>> {
    const at = await this.arrived(type);
    return this.sent.splice(at, 1)[0] as Extract<HubToWorker, { type: T }>;
  }

  /** Resolves when there is a message of a type, with its place. */
  async arrived(type: HubToWorker["type"]): Promise<number> {
    for (;;) {
      const at = this.sent.findIndex((message) => message.type === type);
      if (at >= 0) return at;
      await new Promise<void>((resolve) => {
        const arrived = (): void => {
          this.#arrived.delete(arrived);
          resolve();
        };
        this.#arrived.add(arrived);
      });
    }
  }
}

export interface PlayedHub {
  readonly store: JobStore;
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  /** frames that the client `me` would get */
  readonly heard: string[];
  join(link: PlayedLink): Promise<void>;
  leave(link: PlayedLink): void;
  submit(promptId: string, more?: Partial<NewJob>): Promise<void>;
  say(link: PlayedLink, job: Assign, type: string, data: JsonObject): void;
  finish(link: PlayedLink, job: Assign, result?: Partial<RunResult>): void;
  giveUp(link: PlayedLink, job: Assign, failure: AttemptFailure): void;
  /** resolves when the client has heard these, and nothing else */
  untilHeard(types: readonly string[]): Promise<void>;
  /** the job once it is in this state */
  until(promptId: string, state: Job["state"]): Promise<Job>;
}

export async function playedHub(t: TestContext): Promise<PlayedHub> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-dispatcher-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  const fleet = await Fleet.open({ documents: store.documents, store, log: LOG });
  const queue = new QueueCount(0, 0);
  const heard: string[] = [];
  const sockets = {
    broadcastStatus: () => undefined,
    tell: (message: { kind: string; type?: string }, _prompt: string, client: string | undefined) => {
      if (client === "me") heard.push(message.type ?? message.kind);
    },
    sendTo: (client: string, type: string) => {
      if (client === "me") heard.push(type);
    },
  } as unknown as SocketHub;
  const canaries = new Canaries({ fleet, log: LOG, isIdle: () => false });
  const scheduler = new Scheduler({ fleet, kick: () => dispatcher.kick() });
  const dispatcher: Dispatcher = new Dispatcher({
    ...{ store, fleet, canaries, queue, log: LOG, sockets: () => sockets },
    isPaused: () => false,
    chooserFor: (link, others) => scheduler.chooserFor(link, others),
    hasWorkerFor: (needs, except) => scheduler.hasWorkerFor(needs, except),
    filesOf: () => Promise.resolve([]),
    watcher: allWatchers([]),
  });
  t.after(async () => {
    await dispatcher.stop({ handOver: true });
    canaries.stop();
    scheduler.stop();
    await fleet.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const ref = ({ jobId, promptId, attempt }: Assign): AttemptRef => ({ jobId, promptId, attempt });
  return {
    ...{ store, dispatcher, fleet, heard },
    join: async (played) => {
      fleet.joined(played.link);
      await fleet.announced(played.link, { classes: [], packs: [], extensions: ["/extensions/x.js"] });
      await dispatcher.joined(played.link, true);
    },
    leave: (played) => {
      dispatcher.lost(played.link);
      fleet.lost(played.link);
    },
    submit: async (promptId, more = {}) => {
      await store.accept({
        ...{ promptId, prompt: "{}", extraData: "{}", sensitive: undefined, outputsToExecute: ["1"] },
        ...{ number: undefined, front: false, clientId: "me", owner: "", createdAt: Date.now() },
        workflowId: undefined,
        ...more,
      });
      queue.queued();
      dispatcher.kick();
    },
    say: (played, job, type, data) => {
      const item = { kind: "json", type, data, audience: "client" } as const;
      dispatcher.said(played.link, { type: "messages", ...ref(job), items: [item] });
    },
    finish: (played, job, result = {}) => {
      const whole: RunResult = { ...EMPTY_RESULT, ...result };
      dispatcher.said(played.link, { type: "finished", ...ref(job), result: whole });
    },
    giveUp: (played, job, failure) => dispatcher.said(played.link, { type: "gave-up", ...ref(job), failure }),
    untilHeard: async (types) => {
      while (heard.join() !== types.join()) await new Promise((resolve) => setImmediate(resolve));
    },
    until: async (promptId, state) => {
      for (;;) {
        const job = await store.getByPromptId(promptId);
        if (job?.state === state) return job;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}
