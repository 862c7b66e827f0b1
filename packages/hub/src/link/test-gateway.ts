/** What the tests of this folder share: a gateway on a Unix socket and on a real port, and ways to dial it. */
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { openSqliteStore } from "@hearth/jobs";
import { type Folders, LINK_VERSION, makeFolders, resolveFolders, type WorkerToHub } from "@hearth/protocol";
import { pino } from "pino";
import { WebSocket } from "ws";
import { ApiKeys } from "../auth/api-keys.ts";
import type { Scope } from "../auth/identity.ts";
import { Access } from "../http/access.ts";
import { LinkGateway } from "./gateway.ts";
import { LinkFiles } from "./link-files.ts";
import type { WorkerLink } from "./worker-link.ts";

export const TOKEN = "the-link-token";
export const MASTER_KEY = "master-key";

export interface TestGateway {
  readonly gateway: LinkGateway;
  readonly folders: Folders;
  readonly keys: ApiKeys;
  readonly port: number;
  readonly socketPath: string;
  /** names of joined workers, of lost ones with a minus, and what was said */
  readonly heard: string[];
  /** a key with these scopes */
  key(...scopes: Scope[]): Promise<string>;
  linkOf(name: string): WorkerLink | undefined;
}

export async function startGateway(
  t: TestContext,
  { maxUploadBytes = 1 << 20 }: { maxUploadBytes?: number } = {},
): Promise<TestGateway> {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-link-"));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  const store = await openSqliteStore(path.join(base, "hearth.db"));
  const keys = await ApiKeys.open(store.documents);
  const access = new Access({ auth: { allowAnonymous: true, key: MASTER_KEY, sessionSecret: "s" } });
  access.useNamedKeys(keys);
  const log = pino({ level: "silent" });
  const heard: string[] = [];
  const socketPath = path.join(base, "link.sock");
  const gateway: LinkGateway = new LinkGateway(
    socketPath,
    TOKEN,
    {
      joined: async (link) => {
        heard.push(link.name);
        link.send({ type: "welcome", keep: [], drop: [] });
      },
      lost: (link) => heard.push(`-${link.name}`),
      heartbeat: () => undefined,
      said: (_link, { type }) => heard.push(type),
    },
    log,
    {
      access: () => access,
      files: new LinkFiles({ folders, maxUploadBytes, log }),
      isReserved: (name) => name === "native",
    },
  );
  await gateway.listen();
  const server = http.createServer((request, response) => gateway.takeRequest(request, response));
  server.on("upgrade", (request, socket, head) => gateway.takeUpgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    await gateway.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await store.close();
    rmSync(base, { recursive: true, force: true });
  });
  return {
    ...{ gateway, folders, keys, heard, socketPath, port: (server.address() as AddressInfo).port },
    key: async (...scopes) => (await keys.create("a key", scopes)).text,
    linkOf: (name) => [...gateway.links].find((link) => link.name === name),
  };
}

export type Hello = Extract<WorkerToHub, { type: "hello" }>;

export function hello(over: Partial<Record<keyof Hello, unknown>> = {}): string {
  return JSON.stringify({
    ...{ type: "hello", version: LINK_VERSION, workerId: "w:1", name: "gpu-1", pid: 1, engine: "comfyui" },
    ...{ concurrency: 1, tags: [], files: "link", token: TOKEN, settings: "", held: [], ...over },
  });
}

/** Dials with headers; gives the socket when it is open, or the status of the refusal. */
export function dial(url: string, token?: string): Promise<WebSocket | number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, { headers });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on("error", reject);
  });
}

/** Says hello and waits for the first word of the hub, or for the end. */
export function join(socket: WebSocket, text: string): Promise<string | { code: number; reason: string }> {
  socket.send(text);
  return new Promise((resolve) => {
    socket.once("message", (data: Buffer) => resolve(data.toString()));
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
