/** What the tests of the Control contract share: a started server with a key, and a client of `/v1`. */
import path from "node:path";
import { PROJECT, TestServer, until } from "../support/server.ts";

export const KEY = "key-of-the-control-tests";
/** the class `TestSleep`, among others */
export const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];

export interface Snapshot {
  readonly status: string;
  readonly prompt: { readonly prompt_id: string } | null;
  readonly queue_number: number | null;
  readonly outputs: readonly { readonly id: string; readonly workflow_id: string; readonly src: string }[];
  readonly cause: {
    readonly node_type: string;
    readonly exception_type: string;
    readonly exception_message: string;
  } | null;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

export interface Workflow extends Record<string, unknown> {
  readonly id: string;
  readonly status: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
  readonly queue_number?: number | null;
  readonly exception_type?: string | null;
  readonly exception_message?: string | null;
}

/** Starts a server whose streams tick every 100 ms; `environment` changes that. */
export function startControl(environment: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  // A started server inherits the environment of its test.
  Object.assign(process.env, { API_KEY: KEY, HEARTH_CONTROL_INTERVAL_MS: "100", ...environment });
  return TestServer.start(PACKS);
}

/** A picture that is saved; `seconds`: how long it takes first. */
export function picture({ seconds = 0, prefix = "picture", color = 255 } = {}): Record<string, object> {
  const image = { class_type: "EmptyImage", inputs: { width: 32, height: 24, batch_size: 1, color } };
  const sleep = { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } };
  const images = [seconds > 0 ? "2" : "1", 0];
  const save = { class_type: "SaveImage", inputs: { images, filename_prefix: prefix } };
  return seconds > 0 ? { "1": image, "2": sleep, "3": save } : { "1": image, "3": save };
}

export type FormValue = string | Blob | { readonly blob: Blob; readonly filename: string };

export class ControlClient {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, key = KEY) {
    this.url = url;
    this.headers = { authorization: `Bearer ${key}` };
  }

  ask(method: string, route: string, given: RequestInit = {}): Promise<Response> {
    return fetch(this.url + route, {
      method,
      ...given,
      headers: { ...this.headers, ...(given.headers as Record<string, string> | undefined) },
    });
  }

  json<T>(route: string): Promise<T> {
    return this.ask("GET", route).then((answer) => answer.json() as Promise<T>);
  }

  post(route: string, body: unknown): Promise<Response> {
    return this.ask("POST", route, { body: JSON.stringify(body) });
  }

  /** Sends a form to create a workflow. */
  submit(
    graph: unknown,
    fields: Readonly<Record<string, FormValue>> = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const text = typeof graph === "string" ? graph : JSON.stringify(graph);
    const body = form({
      name: "test",
      workflow_json: { blob: new Blob([text]), filename: "workflow.json" },
      ...fields,
    });
    return this.ask("POST", "/v1/workflow", { body, headers });
  }

  /** Creates a workflow that must be accepted; gives its id. */
  async create(graph: unknown, fields: Readonly<Record<string, FormValue>> = {}): Promise<string> {
    const answer = await this.submit(graph, fields);
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`the workflow was refused: ${answer.status} ${text}`);
    return (JSON.parse(text) as Workflow).id;
  }

  get(id: string): Promise<Workflow> {
    return this.json<Workflow>(`/v1/workflow/${id}`);
  }

  /** Waits until the workflow has one of these statuses. */
  reach(id: string, ...statuses: string[]): Promise<Workflow> {
    return until(`workflow ${id} to be ${statuses.join(" or ")}`, async () => {
      const workflow = await this.get(id);
      return statuses.includes(workflow.status) ? workflow : undefined;
    });
  }

  ended(id: string): Promise<Workflow> {
    return this.reach(id, "completed", "failed", "cancelled", "invalid");
  }

  subscribe(id: string, query = "", given: RequestInit = {}): Promise<Response> {
    return this.ask("GET", `/v1/workflow/${id}/subscribe${query}`, given);
  }

  /** All events of a stream, to its end. */
  async events(id: string, query = "", given: RequestInit = {}): Promise<StreamEvent[]> {
    const events: StreamEvent[] = [];
    for await (const event of eventsOf(await this.subscribe(id, query, given))) events.push(event);
    return events;
  }
}

export function form(fields: Readonly<Record<string, FormValue>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") data.set(name, value);
    else if (value instanceof Blob) data.set(name, value, "file.bin");
    else data.set(name, value.blob, value.filename);
  }
  return data;
}

export interface StreamEvent {
  /** milliseconds of `performance.now()` at which it arrived */
  readonly at: number;
  /** its text without the blank line at its end */
  readonly raw: string;
  readonly id: string | undefined;
  readonly data: Snapshot;
}

/** The events of an answer as they arrive. */
export async function* eventsOf(answer: Response): AsyncGenerator<StreamEvent> {
  if (answer.body === null) return;
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const raw = text.slice(0, end);
      text = text.slice(end + 2);
      const lines = raw.split("\n");
      const field = (name: string): string | undefined =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      yield {
        at: performance.now(),
        raw,
        id: field("id"),
        data: JSON.parse(field("data") ?? "null") as Snapshot,
      };
    }
  }
  if (text !== "") throw new Error(`the stream ended inside an event: ${text}`);
}
