/** Things that belong to one key, and the keys that ask for them. */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { form, picture } from "../control/support.ts";
import { type TestServer, until } from "../support/server.ts";

export const MASTER = "key-of-the-access-tests";

export interface Keys {
  readonly read: string;
  readonly run: string;
  readonly admin: string;
  /** scope `run`: the things are its */
  readonly owner: string;
  /** scope `run`: has nothing */
  readonly other: string;
}

/** Jobs of the owner that wait, one for each operation that would change one. */
const WAITING = [
  "waiting",
  "moved",
  "deletedFromQueue",
  "cancelled",
  "cancelledWithOthers",
  "studioCancelled",
  "studioDeleted",
] as const;

export interface Things {
  /** prompt id of a job that has ended, with a picture */
  readonly ended: string;
  /** its file */
  readonly filename: string;
  /** prompt id of a job that has ended, to be deleted */
  readonly endedToDelete: string;
  /** prompt id of a job that runs for minutes */
  readonly running: string;
  /** prompt ids of jobs that wait */
  readonly jobs: Readonly<Record<(typeof WAITING)[number], string>>;
  /** a finished workflow of Control */
  readonly workflow: string;
  /** one that waits */
  readonly waitingWorkflow: string;
  readonly runner: string;
  readonly template: string;
  readonly webhook: string;
  readonly delivery: string;
  readonly savedPrompt: string;
}

/** A body that is a form with these fields. */
export const formOf = form;

/** Asks with a key, as JSON where there is a body. @throws Error with the answer when it is none of success */
export async function ask<T>(
  server: TestServer,
  key: string,
  method: string,
  route: string,
  body?: object,
): Promise<T> {
  const isForm = body instanceof FormData;
  const answer = await fetch(server.url + route, {
    method,
    headers: { "x-api-key": key },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${route}: ${answer.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** Makes keys as an operator makes them. */
export async function makeKeys(server: TestServer): Promise<Keys> {
  const make = async (name: string, scope: string): Promise<string> =>
    (await ask<{ key: string }>(server, MASTER, "POST", "/api/admin/keys", { name, scopes: [scope] })).key;
  return {
    read: await make("reader", "read"),
    run: await make("runner", "run"),
    admin: await make("admin", "admin"),
    owner: await make("owner", "run"),
    other: await make("other", "run"),
  };
}

/** Takes what webhooks send. */
export async function startReceiver(): Promise<http.Server> {
  const receiver = http.createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(204).end());
  });
  await once(receiver.listen(0, "127.0.0.1"), "listening");
  return receiver;
}

/** Makes one of everything with the owner's key. The queue is held afterwards. */
export async function makeThings(server: TestServer, keys: Keys, receiver: http.Server): Promise<Things> {
  const asOwner = <T>(method: string, route: string, body?: object): Promise<T> =>
    ask<T>(server, keys.owner, method, route, body);
  const queue = async (prompt: object): Promise<string> =>
    (await asOwner<{ prompt_id: string }>("POST", "/prompt", { prompt })).prompt_id;
  const create = async (prefix: string): Promise<string> => {
    const graph = new Blob([JSON.stringify(picture({ prefix }))]);
    const fields = { name: prefix, workflow_json: { blob: graph, filename: "workflow.json" } };
    return (await asOwner<{ id: string }>("POST", "/v1/workflow", form(fields))).id;
  };
  const made = async (route: string, body: object): Promise<string> =>
    (await asOwner<{ id: string }>("POST", route, body)).id;

  const { port } = receiver.address() as AddressInfo;
  const webhook = await made("/v1/webhook", { url: `http://127.0.0.1:${port}/` });
  const ended = await queue(picture({ prefix: "ended" }));
  const endedToDelete = await queue(picture({ prefix: "deleted", color: 7 }));
  const workflow = await create("workflow");
  const delivery = await until("a delivery of the webhook", async () => {
    const { deliveries } = await asOwner<{ deliveries: { id: string }[] }>(
      "GET",
      `/v1/webhook/${webhook}/deliveries`,
    );
    return deliveries[0]?.id;
  });
  await server.idle();
  const record = await asOwner<{ output: { filename: string } }>("GET", `/api/admin/history/${ended}`);

  const running = await queue(picture({ seconds: 300, prefix: "running" }));
  await until("the job to run", async () => {
    const { status } = await asOwner<{ status: string }>("GET", `/api/run/status/${running}`);
    return status === "running" ? true : undefined;
  });
  await ask(server, MASTER, "POST", "/api/admin/queue/pause");
  const jobs: Record<string, string> = {};
  for (const [index, name] of WAITING.entries()) {
    jobs[name] = await queue(picture({ prefix: name, color: index }));
  }
  const body = { blob: new Blob([JSON.stringify(picture())]), filename: "workflow.json" };
  return {
    ended,
    endedToDelete,
    filename: record.output.filename,
    running,
    jobs: jobs as Things["jobs"],
    workflow,
    waitingWorkflow: await create("waits"),
    runner: await made("/v1/runner", { name: "mine", endpoint: "http://127.0.0.1:9/" }),
    template: await made("/v1/template", form({ name: "mine", description: "a picture", body })),
    webhook,
    delivery,
    savedPrompt: await made("/api/admin/saved-prompts", { name: "mine", text: "a cat" }),
  };
}
