/** A started server that is asked for every field of the Studio pages, and a workflow to run there. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PACKS } from "../control/support.ts";
import { plain, RED } from "../studio-runner/pictures.ts";
import { TestServer, until } from "../support/server.ts";

export const KEY = "key-of-the-field-tests";
export const WORKFLOW = "slow-copy";

export interface Answer {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

/** A picture that is saved twice, the second time after a while. */
const MANIFEST = `id: ${WORKFLOW}
name: Slow copy
version: 1
type: static
category: image
inputs:
  - { id: picture, name: Picture, type: image, required: true, node_id: "1", field: image }
  - { id: seconds, name: Seconds, type: float, default: 0.05, min: 0, max: 600, node_id: "2", field: seconds }
  - { id: seed, name: Seed, type: seed, default: -1, node_id: "5", field: value }
outputs:
  - { node_id: "3", name: Copy, kind: final, type: image }
  - { node_id: "4", name: First look, kind: preview, type: image }
`;
const PROMPT = {
  "1": { class_type: "LoadImage", inputs: { image: "none.png" } },
  "2": { class_type: "TestSleep", inputs: { value: ["6", 0], seconds: 1 }, _meta: { title: "A nap" } },
  "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "copy" } },
  "4": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
  "5": { class_type: "PrimitiveInt", inputs: { value: 0 } },
  // The first look is there before the nap: an output that is ready comes before this.
  "6": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
};

export class StudioClient {
  readonly server: TestServer;

  private constructor(server: TestServer) {
    this.server = server;
  }

  /** `environment`: variables of the server and, since it inherits them, of this process */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    flags: readonly string[] = [],
  ): Promise<StudioClient> {
    Object.assign(process.env, { API_KEY: KEY, ...environment });
    const client = new StudioClient(await TestServer.start([...PACKS, ...flags]));
    await client.whenReady();
    return client;
  }

  get studio(): string {
    return path.join(this.server.base, "studio");
  }

  /** Waits until jobs are run. */
  async whenReady(): Promise<void> {
    const { url } = this.server;
    await until("readiness", async () => ((await fetch(`${url}/ready`)).ok ? true : undefined));
  }

  /** Waits until another process than the one of this id answers. */
  async whenRestarted(hub: number): Promise<void> {
    await until("another process", async () => {
      const isNew = (await this.server.answers()) === true && this.server.ids().hub !== hub;
      return isNew ? true : undefined;
    });
  }

  async ask(method: string, route: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.server.url + route, {
      method,
      headers: { "x-api-key": KEY },
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  }

  /** The body of an answer that must be 200. */
  async get(route: string): Promise<any> {
    const { status, body } = await this.ask("GET", route);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  /** Puts the workflow into the catalogue. */
  addWorkflow(): void {
    const folder = path.join(this.studio, "workflows", WORKFLOW);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "manifest.yaml"), MANIFEST);
    writeFileSync(path.join(folder, "workflow.json"), JSON.stringify(PROMPT));
  }

  /** Runs the workflow with a small picture; gives the prompt id. */
  async execute(params: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const form = new FormData();
    form.append("params", JSON.stringify(params));
    form.append("input_image", new Blob([new Uint8Array(await plain(32, 24, RED))]), "small.png");
    const { status, body } = await this.ask("POST", `/api/run/${WORKFLOW}/execute`, form);
    assert.equal(status, 200, JSON.stringify(body));
    return body.prompt_id;
  }

  /** Queues a prompt that belongs to no workflow. */
  async prompt(prompt: unknown): Promise<string> {
    const { status, body } = await this.ask("POST", "/prompt", { prompt });
    assert.equal(status, 200, JSON.stringify(body));
    return body.prompt_id;
  }

  /** Waits for the end of a job; gives its record in the list of the history. */
  async ended(id: string): Promise<any> {
    return until(`the end of ${id}`, async () => {
      const all = await this.get("/api/admin/history");
      return all.find((record: any) => record.prompt_id === id);
    });
  }

  /** The record and progress of an active job that runs its slow node. */
  async napping(id: string): Promise<any> {
    return until(`${id} to run its slow node`, async () => {
      const all = await this.get("/api/admin/queue");
      return all.find(
        ({ prompt_id, progress }: any) =>
          prompt_id === id && progress.node_type === "TestSleep" && progress.step_rate !== null,
      );
    });
  }
}

/** A node that fails. */
export const FAILS = {
  "1": { class_type: "EmptyImage", inputs: { width: 8, height: 8, batch_size: 1, color: 0 } },
  "2": { class_type: "TestSyncError", inputs: { value: ["1", 0] }, _meta: { title: "A stumble" } },
  "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
};

export const LOCAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/;
