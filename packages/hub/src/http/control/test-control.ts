/** The Control contract over a real server and a real store, with a queue that the test works off itself. */
import assert from "node:assert/strict";
import path from "node:path";
import type { TestContext } from "node:test";
import { type Finish, type JobStore, openSqliteStore } from "@hearth/jobs";
import type { Folders, NodeClassAnnouncement } from "@hearth/protocol";
import { pino } from "pino";
import type { Identity, Scope } from "../../auth/identity.ts";
import { CONTROL_DEFAULTS, type ControlOptions } from "../../control/options.ts";
import { QueueCount } from "../../jobs/queue-count.ts";
import type { SubmitParts } from "../../jobs/submit.ts";
import { BOUNDARY, formBody, type FormPart, startServer, temporaryFolders } from "../test-server.ts";
import { type Control, registerControl } from "./index.ts";

export interface ControlServer {
  readonly url: string;
  readonly store: JobStore;
  readonly folders: Folders;
  readonly control: Control;
  /** asks with the key `name`; the server's own one is `secret-key` */
  ask(method: string, route: string, more?: RequestInit & { key?: string }): Promise<Response>;
  /** posts a form that creates a workflow */
  submit(parts: readonly FormPart[], headers?: Record<string, string>, key?: string): Promise<Response>;
  /** creates a workflow that must be accepted, and waits until it is queued; gives its id */
  queued(key?: string): Promise<string>;
  /** runs the next queued job to its end, as a worker would */
  work(finish?: Partial<Finish>): Promise<void>;
  /** Stops it in order; it does so by itself at the end of the test. */
  stop(): Promise<void>;
}

/** Keys that have jobs of their own: `ann` and `ben` run, `reader` only reads. */
const SCOPES: Readonly<Record<string, readonly Scope[]>> = {
  ann: ["run"],
  ben: ["run"],
  reader: ["read"],
};

export const OPTIONS: ControlOptions = { ...CONTROL_DEFAULTS, intervalMs: 20, webhooksToPrivate: true };

export async function startControlServer(
  t: TestContext,
  options: Partial<ControlOptions> = {},
  given: { folders?: Folders; whenNodesKnown?: () => Promise<void>; place?: SubmitParts["place"] } = {},
): Promise<ControlServer> {
  const folders = given.folders ?? temporaryFolders(t);
  const store = await openSqliteStore(path.join(folders.studio, "hearth.db"));
  let control: Control | undefined;
  const { url, app } = await startServer(t, { folders }, (app) => {
    control = registerControl(app, {
      store,
      submit: {
        store,
        queue: new QueueCount(0, 0),
        whenNodesKnown: given.whenNodesKnown ?? (() => Promise.resolve()),
        classes,
        runValidator: () => Promise.resolve({ result: true }),
        place: given.place ?? (() => ({ needs: undefined })),
        accepted: () => undefined,
      },
      dispatcher: { interrupt: () => false, kick: () => undefined },
      queueChanged: () => undefined,
      runnersChanged: () => undefined,
      folders,
      maxUploadBytes: 1024 * 1024,
      secret: "url-secret",
      options: { ...OPTIONS, ...options },
      log: pino({ level: "silent" }),
    });
  });
  assert.ok(control !== undefined);
  const started = control;
  await started.recover();
  app.access.useNamedKeys({
    find: (text) => identityOf(text),
    byId: () => undefined,
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      await started.close();
      app.server.closeAllConnections();
      await app.close();
      await store.close();
    })());
  t.after(stop);
  const ask: ControlServer["ask"] = (method, route, { key = "secret-key", ...more } = {}) =>
    fetch(url + route, {
      method,
      ...more,
      headers: { authorization: `Bearer ${key}`, ...(more.headers as Record<string, string> | undefined) },
    });
  const submit: ControlServer["submit"] = (parts, headers = {}, key = "secret-key") =>
    ask("POST", "/v1/workflow", {
      key,
      headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
      body: new Uint8Array(formBody(parts)),
    });
  return {
    url,
    stop,
    store,
    folders,
    control: started,
    ask,
    submit,
    queued: async (key = "secret-key") => {
      const answer = await submit([{ name: "name", content: "test" }, graphPart(GRAPH)], {}, key);
      assert.equal(answer.status, 201, await answer.clone().text());
      const { id } = (await answer.json()) as { id: string };
      await reach(store, id, "queued");
      return id;
    },
    work: async (finish = {}) => {
      const job = await store.claim("worker", { leaseMs: 60_000 });
      assert.ok(job !== undefined, "a job waits");
      assert.ok(await store.finish(job.id, job.attempt, { ...FINISH, ...finish }));
    },
  };
}

function identityOf(text: string): Identity | undefined {
  const scopes = SCOPES[text];
  return scopes === undefined ? undefined : { owner: `key:${text}`, name: text, scopes };
}

/** Waits until a job has one of these states. */
export async function reach(store: JobStore, id: string, ...states: string[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!states.includes((await store.recordByPromptId(id))?.state ?? "")) {
    assert.ok(performance.now() < deadline, `job ${id} became none of ${states.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Two nodes that this server knows. */
export const GRAPH = {
  "1": { class_type: "Source", inputs: { text: "hello" } },
  "2": { class_type: "Sink", inputs: { text: ["1", 0] } },
};

export function graphPart(graph: unknown): FormPart {
  return {
    name: "workflow_json",
    filename: "workflow.json",
    content: typeof graph === "string" ? graph : JSON.stringify(graph),
  };
}

const FINISH: Finish = {
  state: "completed",
  outputs: "{}",
  status: '{"status_str": "success"}',
  meta: "{}",
  error: undefined,
  nodeTimes: "{}",
  outputsCount: 0,
  previewableCount: 0,
  previewOutput: undefined,
  startedAt: 1_700_000_000_000,
  endedAt: 1_700_000_005_000,
};

const CLASSES: Readonly<Record<string, NodeClassAnnouncement>> = {
  Source: { info: classInfo("Source", false) },
  Sink: { info: classInfo("Sink", true) },
};

function classes(name: string): NodeClassAnnouncement | undefined {
  return CLASSES[name];
}

function classInfo(name: string, isOutput: boolean): NodeClassAnnouncement["info"] {
  return {
    input: { required: { text: ["STRING", {}] } },
    input_order: { required: ["text"] },
    is_input_list: false,
    output: isOutput ? [] : ["STRING"],
    output_is_list: isOutput ? [] : [false],
    output_name: isOutput ? [] : ["STRING"],
    name,
    display_name: name,
    description: "",
    python_module: "nodes",
    category: "test",
    output_node: isOutput,
    has_intermediate_output: false,
    search_aliases: null,
  };
}
