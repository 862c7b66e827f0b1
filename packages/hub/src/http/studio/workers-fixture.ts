/** What the tests of workers share: the routes over a real fleet, and workers that dial a real gateway. */
import path from "node:path";
import type { TestContext } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import {
  type HubToWorker,
  LINK_VERSION,
  type NodeClassAnnouncement,
  type WorkerToHub,
} from "@hearth/protocol";
import { pino } from "pino";
import { WebSocket } from "ws";
import { LinkGateway } from "../../link/gateway.ts";
import { Canaries } from "../../workers/canaries.ts";
import { Fleet } from "../../workers/fleet.ts";
import { nodeClass } from "../../workers/test-support.ts";
import { startServer, temporaryFolders } from "../test-server.ts";
import { registerWorkers } from "./workers.ts";

const TOKEN = "the-link-token";
const LOG = pino({ level: "silent" });
export const CANARY_CLASSES = [nodeClass("EmptyImage"), nodeClass("PreviewImage", {}, { isOutput: true })];

type Hello = Extract<WorkerToHub, { type: "hello" }>;

export interface DialledWorker {
  /** what the hub said */
  readonly heard: HubToWorker[];
  say(message: Exclude<WorkerToHub, { type: "hello" }>): void;
  /** Resolves when the hub has noticed that it is gone. */
  leave(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: any;
}

export interface WorkersServer {
  readonly fleet: Fleet;
  readonly store: JobStore;
  readonly canaries: Canaries;
  /** One request; `key`: the server's own, or the name of one that may only read. */
  ask(method: string, below: string, body?: object, key?: string): Promise<Answer>;
  /** A worker dials, says hello and what it can run. */
  dial(
    hello: Partial<Hello> & { readonly name: string },
    classes?: readonly NodeClassAnnouncement[],
  ): Promise<DialledWorker>;
}

export async function startWorkers(t: TestContext): Promise<WorkersServer> {
  const folders = temporaryFolders(t);
  const store = await openSqliteStore(path.join(folders.studio, "hearth.db"));
  const fleet = await Fleet.open({ documents: store.documents, store, log: LOG });
  const canaries = new Canaries({ fleet, log: LOG, isIdle: () => false });
  const socket = path.join(folders.base, "link.sock");
  const gateway = new LinkGateway(
    socket,
    TOKEN,
    {
      joined: async (link) => {
        fleet.joined(link);
        link.send({ type: "welcome", keep: [], drop: [] });
      },
      lost: (link) => {
        canaries.lost(link);
        fleet.lost(link);
      },
      heartbeat: () => undefined,
      said: (link, message) => {
        if (message.type === "state") fleet.stateChanged(link, message);
        else if (message.type === "nodes") void fleet.announced(link, message);
        else canaries.said(link, message);
      },
    },
    LOG,
  );
  await gateway.listen();
  t.after(async () => {
    canaries.stop();
    await gateway.close();
    await fleet.close();
    await store.close();
  });
  const { url } = await startServer(t, {}, (app) => {
    registerWorkers(app, { fleet, canaries, store, zone: "UTC" });
    app.access.useNamedKeys({
      find: (text) => ({ owner: `key:${text}`, name: text, scopes: ["read"] }),
      byId: () => undefined,
    });
  });
  return {
    ...{ fleet, store, canaries },
    ask: async (method, below, body, key = "secret-key") => {
      const answer = await fetch(`${url}/api/admin/workers${below}`, {
        method,
        headers: key === "" ? {} : { "x-api-key": key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: await answer.json() };
    },
    dial: async (hello, classes = CANARY_CLASSES) => {
      const worker = await dialled(socket, hello);
      worker.say({ type: "nodes", classes, packs: [] });
      const { name } = hello;
      await until(() => fleet.named(name)?.nodes.classes.size === classes.length);
      return {
        ...worker,
        leave: async () => {
          worker.end();
          await until(() => fleet.named(name)?.link === undefined);
        },
      };
    },
  };
}

async function dialled(
  path: string,
  hello: Partial<Hello> & { readonly name: string },
): Promise<Omit<DialledWorker, "leave"> & { end(): void }> {
  const socket = new WebSocket(`ws+unix://${path}:/link`);
  const heard: HubToWorker[] = [];
  const say = (message: object): void => socket.send(JSON.stringify(message));
  socket.on("open", () =>
    say({
      ...{ type: "hello", version: LINK_VERSION, workerId: `${hello.name}:1`, pid: process.pid },
      ...{ engine: "comfyui", concurrency: 1, tags: [], files: "shared", token: TOKEN },
      ...{ settings: "", held: [], ...hello },
    }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", (code, reason) => reject(new Error(`closed: ${code} ${reason.toString()}`)));
    socket.on("message", (data: Buffer) => {
      heard.push(JSON.parse(data.toString()) as HubToWorker);
      resolve();
    });
  });
  return { heard, say, end: () => socket.terminate() };
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
