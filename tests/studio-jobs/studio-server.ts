/** A started server, asked as Studio's pages ask it. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { kill, PROJECT, TestServer, until } from "../support/server.ts";

export interface Studio {
  readonly server: TestServer;
  readonly key: string;
  /** the status and the parsed body of an answer */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: any }>;
  /** queues a prompt; gives its id */
  readonly queue: (prompt: unknown) => Promise<string>;
  /** kills the hub and its starter, as a power cut would, and starts them again */
  readonly crash: () => Promise<void>;
}

export async function startStudio(t: TestContext): Promise<Studio> {
  const server = await TestServer.start([
    "--custom-nodes-directory",
    path.join(PROJECT, "examples/custom_nodes"),
  ]);
  t.after(() => server.stop());
  const key =
    process.env["API_KEY"] ?? readFileSync(path.join(server.base, "studio", "api-key"), "utf8").trim();
  await until("the first worker", () => server.ids().worker);
  return {
    server,
    key,
    ask: async (method, target, body) => {
      const response = await fetch(server.url + target, {
        method,
        headers: { "x-api-key": key },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    queue: async (prompt) => {
      const answer = (await (await server.post("/prompt", { prompt })).json()) as { prompt_id: string };
      return answer.prompt_id;
    },
    crash: async () => {
      kill(server.starter);
      kill(server.ids().hub);
      await until("the end of the hub", async () => ((await server.answers()) ? undefined : true));
      await server.launch();
    },
  };
}

/** Saves one small picture under a name of its own. */
export function saving(name: string, color = 1): unknown {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 32, height: 32, batch_size: 1, color } },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: name } },
  };
}

/** Takes some time, and then saves. */
export function slow(seconds: number, name: string): unknown {
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 32, height: 32, batch_size: 1, color: 2 } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: name } },
  };
}
