/** A client of the runner, over a started server. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { type TestServer, until } from "../support/server.ts";

export interface OutputFile {
  readonly filename: string;
  readonly subfolder: string;
  readonly type: string;
  readonly media: string;
}

export interface RunResult {
  readonly status: string;
  readonly error: string | null;
  readonly output: OutputFile | null;
  readonly outputs: OutputFile[];
  readonly output_dir: string;
  readonly seeds: Record<string, number>;
}

export class RunnerClient {
  readonly #server: TestServer;
  readonly #key: string;

  constructor(server: TestServer) {
    this.#server = server;
    this.#key = readFileSync(path.join(server.base, "studio", "api-key"), "utf8").trim();
  }

  request(route: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.#server.url + route, { ...init, headers: { ...init.headers, "x-api-key": this.#key } });
  }

  async json<T>(route: string, init: RequestInit = {}): Promise<T> {
    const answer = await this.request(route, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${route}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Puts a file into the input folder; gives its name there. */
  async upload(filename: string, content: Buffer): Promise<string> {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(content)]), filename);
    return (await this.json<{ filename: string }>("/api/run/upload-image", { method: "POST", body: form }))
      .filename;
  }

  /** Queues a run; gives the whole answer. */
  execute(
    workflowId: string,
    params: object,
  ): Promise<{ prompt_id: string; client_id: string; seeds: Record<string, number> }> {
    const form = new FormData();
    form.append("params", JSON.stringify(params));
    return this.json(`/api/run/${workflowId}/execute`, { method: "POST", body: form });
  }

  /** Waits for the end of a job. */
  async result(promptId: string): Promise<RunResult> {
    await until(`the end of ${promptId}`, async () => {
      const { status } = await this.json<{ status: string }>(`/api/run/status/${promptId}`);
      return status === "queued" || status === "running" ? undefined : true;
    });
    return this.json(`/api/run/result/${promptId}`);
  }

  async run(workflowId: string, params: object): Promise<RunResult> {
    return this.result((await this.execute(workflowId, params)).prompt_id);
  }

  async file({ filename, subfolder, type }: OutputFile): Promise<Buffer> {
    const query = new URLSearchParams({ filename, subfolder, type });
    const answer = await this.request(`/api/comfyui/view?${query}`);
    if (!answer.ok) throw new Error(`${filename}: ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  }
}
