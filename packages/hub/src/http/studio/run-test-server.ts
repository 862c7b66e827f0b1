/** What the tests of the catalogue's operations share: a server with them over a real database, and no worker. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import type { Folders, JsonObject, JsonValue } from "@hearth/protocol";
import { parseJson, printJson } from "@hearth/protocol";
import { pino } from "pino";
import { recordedClasses, writeWorkflow } from "../../catalogue/test-support.ts";
import { FileNames, ObjectInfo } from "../../files/file-lists.ts";
import { defaultModelFolders } from "../../files/model-folders.ts";
import { QueueCount } from "../../jobs/queue-count.ts";
import { submitParts } from "../../jobs/submit-parts.ts";
import { NodeCatalog } from "../../nodes/catalog.ts";
import { ProgressBook } from "../../progress/progress-book.ts";
import type { SocketHub } from "../../sockets/socket-hub.ts";
import { Fleet } from "../../workers/fleet.ts";
import { playedLink } from "../../workers/test-support.ts";
import { closeContract, studioError } from "../own-contract.ts";
import { BOUNDARY, formBody, type FormPart, startServer, temporaryFolders } from "../test-server.ts";
import { registerStudioRunner, type StudioRunner } from "./run-register.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** the body as JSON */
  readonly body: JsonObject & JsonValue[];
}

export interface RunServer {
  readonly url: string;
  readonly folders: Folders;
  readonly store: JobStore;
  readonly runner: StudioRunner;
  readonly book: ProgressBook;
  /** how often a queued job was told of */
  readonly kicks: () => number;
  /** One request: `body` is sent as JSON, a list of parts as a form. `key`: which key is shown; `""` none */
  ask(method: string, target: string, body?: JsonObject | readonly FormPart[], key?: string): Promise<Answer>;
  /** Writes a workflow into the catalogue. */
  write(manifest: { id: string } & Record<string, unknown>, files: Record<string, unknown>): void;
}

/** Keys of owners of their own, and what each may do. */
const KEYS = { reader: ["read"], runner: ["run"], other: ["run"] } as const;

export async function startRunner(t: TestContext): Promise<RunServer> {
  const folders = temporaryFolders(t);
  const modelFolders = defaultModelFolders(folders);
  const log = pino({ level: "silent" });
  const store = await openSqliteStore(path.join(folders.studio, "hearth.db"));
  t.after(() => store.close());
  const fleet = await Fleet.open({ documents: store.documents, store, log });
  const link = playedLink({ name: "native" });
  fleet.joined(link);
  await fleet.announced(link, { classes: recordedClasses(), packs: [] });
  const catalog = new NodeCatalog(fleet);
  const names = new FileNames(folders, modelFolders);
  const sockets = { broadcastStatus: () => undefined } as unknown as SocketHub;
  const submit = submitParts({
    store,
    queue: new QueueCount(0, 0),
    objectInfo: new ObjectInfo(catalog, names),
    catalog,
    ...{ sockets, fleet, folders, log },
  });
  const book = await ProgressBook.open({
    store,
    isOutput: (name) => catalog.get(name)?.info.output_node,
    log,
  });
  let kicks = 0;
  let runner: StudioRunner | undefined;
  const { url, app } = await startServer(t, { folders, modelFolders }, (app) => {
    runner = registerStudioRunner(app, {
      folders,
      modelFolders,
      names,
      maxUploadBytes: 1024 * 1024,
      submit,
      store,
      dispatcher: { kick: () => (kicks += 1) },
      progress: book,
    });
    for (const prefix of ["/api/admin", "/api/run"]) closeContract(app, prefix, studioError);
  });
  app.access.useNamedKeys({
    find: (text) =>
      text in KEYS
        ? { owner: `key:${text}`, name: text, scopes: KEYS[text as keyof typeof KEYS] }
        : undefined,
    byId: () => undefined,
  });
  return {
    url,
    folders,
    store,
    runner: runner as StudioRunner,
    book,
    kicks: () => kicks,
    write: (manifest, files) => writeWorkflow(path.join(folders.studio, "workflows"), manifest, files),
    ask: async (method, target, body, key = "secret-key") => {
      const headers: Record<string, string> = key === "" ? {} : { "x-api-key": key };
      let content: string | Uint8Array<ArrayBuffer> | undefined;
      if (body !== undefined && Array.isArray(body)) {
        headers["content-type"] = `multipart/form-data; boundary=${BOUNDARY}`;
        content = new Uint8Array(formBody(body as readonly FormPart[]));
      } else if (body !== undefined) {
        headers["content-type"] = "application/json";
        content = printJson(body);
      }
      const answer = await fetch(url + target, {
        method,
        headers,
        ...(content === undefined ? {} : { body: content }),
      });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json") === true;
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        body: (isJson ? parseJson(text) : {}) as JsonObject & JsonValue[],
      };
    },
  };
}

/** A one-pixel PNG. */
export const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Puts a picture into the input folder. */
export function putInput(folders: Folders, name: string): void {
  writeFileSync(path.join(folders.input, name), PIXEL);
}

/** A workflow that inverts a picture, under the id `invert`. */
export const INVERT = {
  manifest: {
    id: "invert",
    name: "Invert",
    inputs: [
      { id: "picture", type: "image", required: true, node_id: "1", field: "image" },
      { id: "seed", type: "seed" },
      { id: "label", type: "text", default: "a" },
    ],
  },
  files: {
    "workflow.json": {
      "1": { class_type: "LoadImage", inputs: { image: "" } },
      "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
      "3": {
        class_type: "SaveImage",
        inputs: { images: ["2", 0], filename_prefix: "{{label}}{{seed}}" },
        _meta: { title: "Result" },
      },
    },
  },
} as const;
