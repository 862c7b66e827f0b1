/** What the tests of models share: a stand-in of the hosts that models come from, and a server over a real store. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { TestContext } from "node:test";
import { openSqliteStore, type JobEvent, type JobStore } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import { pino } from "pino";
import { defaultModelFolders } from "../../files/model-folders.ts";
import {
  type ModelLibrary,
  type ModelLibraryParts,
  openModelLibrary,
} from "../../model-catalogue/library.ts";
import { closeContract, studioError } from "../own-contract.ts";
import { startServer, temporaryFolders } from "../test-server.ts";
import { registerStudioModels } from "./models.ts";

export const sha256 = (content: string | Buffer): string =>
  createHash("sha256").update(content).digest("hex");

export interface SiteRequest {
  readonly url: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

/** Serves files with ranges and validators, as the usual hosts do. */
export class ModelSite {
  readonly files = new Map<string, Buffer>();
  readonly requests: SiteRequest[] = [];
  /** answers instead of a file; by path */
  readonly answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  /** bytes after which a file's answer stands still until `release` */
  holdAfter = Infinity;
  #held: (() => void)[] = [];
  url = "";

  static async start(t: TestContext): Promise<ModelSite> {
    const site = new ModelSite();
    const server = http.createServer((request, response) => site.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return site;
  }

  /** How many answers stand still. */
  get held(): number {
    return this.#held.length;
  }

  /** Lets the answers that stand still go on. */
  release(): void {
    this.holdAfter = Infinity;
    const held = this.#held;
    this.#held = [];
    for (const goOn of held) goOn();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = "", headers } = request;
    const { range, authorization } = headers;
    const ifRange = headers["if-range"] as string | undefined;
    this.requests.push({ url, range, ifRange, authorization });
    const answer = this.answers.get(url);
    if (answer !== undefined) return answer(request, response);
    const file = this.files.get(url);
    if (file === undefined) return void response.writeHead(404).end();
    const etag = `"${sha256(file).slice(0, 16)}"`;
    const from =
      ifRange === undefined || ifRange === etag ? Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0) : 0;
    if (from >= file.length) {
      return void response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
    }
    const body = file.subarray(from);
    response.writeHead(from === 0 ? 200 : 206, {
      etag,
      "content-length": body.length,
      "content-type": "application/octet-stream",
      ...(from === 0 ? {} : { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` }),
    });
    const hold = Math.max(0, this.holdAfter - from);
    if (hold >= body.length) return void response.end(body);
    response.write(body.subarray(0, hold));
    const goOn = (): void => void response.end(body.subarray(hold));
    this.#held.push(goOn);
    response.on("close", () => (this.#held = this.#held.filter((one) => one !== goOn)));
  }
}

export interface StudioModels {
  readonly url: string;
  readonly folders: Folders;
  readonly store: JobStore;
  readonly library: ModelLibrary;
  get(path: string): Promise<Response>;
  json<T>(path: string): Promise<T>;
  send(method: string, path: string, body?: unknown): Promise<Response>;
  /** writes a catalogue as a person does */
  catalogue(kind: string, content: unknown): void;
  write(name: string, content: string | Buffer): void;
  events(): Promise<JobEvent[]>;
}

const KEY = { "x-api-key": "secret-key" };

/** A server with the operations of models, over a real store and the stand-in as both hosts. */
export async function studioModels(
  t: TestContext,
  site: ModelSite,
  given: Partial<ModelLibraryParts> & { statusMs?: number } = {},
): Promise<StudioModels> {
  const folders = temporaryFolders(t);
  const store = await openSqliteStore(path.join(folders.studio, "test.db"));
  const library = await openModelLibrary({
    folders,
    modelFolders: defaultModelFolders(folders),
    store,
    maxConcurrent: () => 3,
    tokens: () => ({}),
    log: pino({ level: "silent" }),
    hosts: { civitai: site.url, huggingFace: site.url },
    allowPrivate: true,
    retryMs: 5,
    metadataIntervalMs: 1,
    ...given,
  });
  const { url } = await startServer(t, { folders }, (app) => {
    registerStudioModels(app, { library, store, statusMs: given.statusMs });
    closeContract(app, "/api/admin", studioError);
  });
  t.after(async () => {
    await library.close();
    await store.close();
  });
  const get = (where: string): Promise<Response> => fetch(url + where, { headers: KEY });
  return {
    url,
    folders,
    store,
    library,
    get,
    json: async <T>(where: string) => (await (await get(where)).json()) as T,
    send: (method, where, body) =>
      fetch(url + where, {
        method,
        headers: KEY,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    catalogue: (kind, content) => {
      const file = path.join(folders.studio, "catalogs", `${kind}.json`);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    },
    write: (name, content) => {
      const file = path.join(folders.base, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    },
    events: () => store.events(0, 1_000),
  };
}

/** Asks again until there is something; a test that waits too long ends by its own time limit. */
export async function until<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
