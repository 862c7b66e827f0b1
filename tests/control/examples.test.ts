/** The clients of `examples/clients`, against a started server. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import sharp from "sharp";
import { isGenuine, type WebhookRequest } from "../../examples/clients/verify-webhook.ts";
import { PROJECT, type TestServer, until } from "../support/server.ts";
import { ControlClient, KEY, picture, startControl } from "./support.ts";

const run = promisify(execFile);
let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl({ HEARTH_WEBHOOKS_TO_PRIVATE: "1", HEARTH_WEBHOOK_RETRY_MS: "50,50,50" });
  client = new ControlClient(server.url);
});
after(() => server.stop());

test("the example client sends, follows and saves", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-client-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const graph = {
    "1": { class_type: "LoadImage", inputs: { image: "$file(photo)" } },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "$text(prefix)" } },
  };
  writeFileSync(path.join(folder, "graph.json"), JSON.stringify(graph));
  await sharp({ create: { width: 12, height: 8, channels: 3, background: "#123456" } })
    .png()
    .toFile(path.join(folder, "in.png"));
  const follow = (...values: string[]): Promise<{ stdout: string }> =>
    run(
      process.execPath,
      [path.join(PROJECT, "examples/clients/follow-workflow.ts"), server.url, "graph.json", ...values],
      { cwd: folder, env: { ...process.env, HEARTH_KEY: KEY } },
    );
  const { stdout } = await follow("$photo=@in.png", "$prefix=out");
  assert.match(stdout, /completed\nsaved out_00001_\.png\n$/);
  assert.ok(readdirSync(folder).includes("out_00001_.png"));
  const { width } = await sharp(path.join(folder, "out_00001_.png")).metadata();
  assert.equal(width, 12);
  await assert.rejects(follow("$prefix=out"), /400: \$photo is missing/);
});

test("the example receiver knows genuine webhooks, also after its server was killed", async (t) => {
  const received: WebhookRequest[] = [];
  let isUp = false;
  const receiver = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (isUp) received.push({ headers: request.headers, body });
      response.writeHead(isUp ? 204 : 503).end();
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  t.after(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const made = await client.post("/v1/webhook", { url });
  const { id, secret } = (await made.json()) as { id: string; secret: string };
  const workflow = await client.create(picture());
  await client.ended(workflow);
  interface Log {
    readonly deliveries: { readonly id: string; readonly status: string; readonly attempts: unknown[] }[];
  }
  const failed = await until("the delivery to be given up", async () => {
    const { deliveries = [] } = await client.json<Log>(`/v1/webhook/${id}/deliveries`);
    return deliveries[0]?.status === "failed" ? deliveries[0] : undefined;
  });
  assert.equal(failed.attempts.length, 4);
  process.kill(server.ids().hub, "SIGKILL");
  await server.launch();
  isUp = true;
  assert.equal((await client.post(`/v1/webhook/${id}/deliveries/${failed.id}/resend`, {})).status, 202);
  const [request] = await until("the webhook", () => (received.length > 0 ? received : undefined));
  assert.ok(request !== undefined);
  assert.equal(isGenuine(request, secret), true);
  assert.equal(isGenuine(request, secret, Date.now() + 3_600_000), false, "a recording");
  assert.equal(isGenuine({ ...request, body: `${request.body} ` }, secret), false);
  const { data } = JSON.parse(request.body) as { data: { id: string; outputs: { src: string }[] } };
  assert.equal(data.id, workflow);
  assert.equal((await fetch(data.outputs[0]?.src ?? "")).status, 200);
});
