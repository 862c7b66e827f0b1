import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { type ControlServer, graphPart, GRAPH, startControlServer } from "./test-control.ts";

interface Received {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers with the statuses of `answers`, the last one for ever. */
async function receiver(t: TestContext, answers: number[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const status = answers[Math.min(received.length, answers.length - 1)] ?? 200;
      received.push({ headers: request.headers, body });
      response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, "in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

interface Hook {
  readonly id: string;
  readonly secret: string;
}

async function register(server: ControlServer, url: string, events?: string[]): Promise<Hook> {
  const answer = await server.ask("POST", "/v1/webhook", { body: JSON.stringify({ url, events }) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()) as Hook;
}

interface Log {
  readonly deliveries: {
    readonly id: string;
    readonly type: string;
    readonly status: string;
    readonly attempts: { readonly status: number | null; readonly error: string | null }[];
  }[];
}

async function log(server: ControlServer, id: string): Promise<Log["deliveries"]> {
  return ((await (await server.ask("GET", `/v1/webhook/${id}/deliveries`)).json()) as Log).deliveries;
}

function assertSigned({ headers, body }: Received, secret: string): void {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
  const wanted = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  assert.ok(String(headers["webhook-signature"]).split(" ").includes(wanted), "signed with the secret");
}

test("the end of a workflow is told, signed, with links to its outputs", async (t) => {
  const server = await startControlServer(t);
  const { url, received } = await receiver(t, [200]);
  const { id, secret } = await register(server, url);
  const workflow = await server.queued();
  const outputs = JSON.stringify({ "2": { images: [{ filename: "a.png", subfolder: "", type: "output" }] } });
  await server.work({ outputs });
  await until(() => received.length > 0);
  const [first] = received;
  assert.ok(first !== undefined);
  assertSigned(first, secret);
  assert.equal(first.headers["content-type"], "application/json");
  const message = JSON.parse(first.body) as { type: string; data: Record<string, unknown> };
  assert.equal(message.type, "workflow.completed");
  assert.deepEqual(
    [message.data["id"], message.data["name"], message.data["status"]],
    [workflow, "test", "completed"],
  );
  const [output] = message.data["outputs"] as { src: string }[];
  assert.match(output?.src ?? "", /^http:\/\/127\.0\.0\.1:\d+\/v1\/output\/.*a\.png\?expires=\d+&signature=/);
  await until(async () => (await log(server, id))[0]?.status === "delivered");
});

test("a receiver that fails is tried again under the same id, with pauses, and every try is in the log", async (t) => {
  const server = await startControlServer(t, { webhookRetryMs: [10, 20] });
  const { url, received } = await receiver(t, [500, 302, 204]);
  const { id, secret } = await register(server, url);
  await server.queued();
  await server.work();
  await until(async () => (await log(server, id))[0]?.status === "delivered");
  assert.equal(received.length, 3);
  assert.equal(new Set(received.map(({ headers }) => headers["webhook-id"])).size, 1);
  for (const request of received) assertSigned(request, secret);
  const attempts = (await log(server, id))[0]?.attempts ?? [];
  assert.deepEqual(
    attempts.map(({ status }) => status),
    [500, 302, 204],
  );
  assert.match(attempts[1]?.error ?? "", /redirects are not followed/);
});

test("when all tries failed it is given up, and can be sent again by hand", async (t) => {
  const server = await startControlServer(t, { webhookRetryMs: [5] });
  const { url, received } = await receiver(t, [503, 503, 200]);
  const { id } = await register(server, url);
  await server.queued();
  await server.work();
  await until(async () => (await log(server, id))[0]?.status === "failed");
  const [delivery] = await log(server, id);
  const resent = await server.ask("POST", `/v1/webhook/${id}/deliveries/${delivery?.id}/resend`);
  assert.equal(resent.status, 202);
  await until(async () => (await log(server, id))[0]?.status === "delivered");
  assert.equal(received.length, 3);
  assert.equal((await server.ask("POST", `/v1/webhook/${id}/deliveries/none/resend`)).status, 404);
});

test("a webhook hears what it wants to hear", async (t) => {
  const server = await startControlServer(t);
  const { url } = await receiver(t, [200]);
  const wanted = ["workflow.accepted", "workflow.queued", "workflow.running", "workflow.completed"];
  const { id } = await register(server, url, wanted);
  await server.queued();
  await server.work();
  await until(async () => (await log(server, id)).length === 4);
  assert.deepEqual((await log(server, id)).map(({ type }) => type).sort(), [...wanted].sort());
});

test("an address that comes with a workflow hears of that one alone", async (t) => {
  const server = await startControlServer(t);
  const { url, received } = await receiver(t, [200]);
  const answer = await server.submit([
    { name: "name", content: "told" },
    { name: "webhook_url", content: url },
    { name: "webhook_events", content: "workflow.completed" },
    graphPart(GRAPH),
  ]);
  const { id } = (await answer.json()) as { id: string };
  await until(async () => (await server.store.recordByPromptId(id))?.state === "queued");
  await server.work();
  await server.queued();
  await server.work();
  await until(async () => (await log(server, id))[0]?.status === "delivered");
  assert.equal(received.length, 1);
  const { secret } = (await (await server.ask("GET", "/v1/webhook/secret")).json()) as { secret: string };
  const [first] = received;
  assert.ok(first !== undefined);
  assertSigned(first, secret);
});

test("a receiver that says 410 is asked no more", async (t) => {
  const server = await startControlServer(t, { webhookRetryMs: [5, 5] });
  const { url, received } = await receiver(t, [410]);
  const { id } = await register(server, url);
  await server.queued();
  await server.work();
  await until(async () => (await log(server, id))[0]?.status === "failed");
  const shown = (await (await server.ask("GET", `/v1/webhook/${id}`)).json()) as { status: string };
  assert.equal(shown.status, "disabled");
  // What was registered later hears of the next workflow; the one that is gone does not.
  const { id: other } = await register(server, (await receiver(t, [200])).url);
  await server.queued();
  await server.work();
  await until(async () => (await log(server, other))[0]?.status === "delivered");
  assert.equal(received.length, 1);
});

test("what happened, or was not delivered yet, when the hub stopped is told by the next one", async (t) => {
  const first = await startControlServer(t, { webhookRetryMs: [60_000] });
  const { url, received } = await receiver(t, [500, 200]);
  const { id } = await register(first, url);
  await first.queued();
  await first.work();
  await until(async () => (await log(first, id))[0]?.attempts.length === 1);
  const another = await first.queued();
  // Webhooks stop first: the end of this workflow is only in the event log.
  await first.control.close();
  await first.work();
  await first.stop();
  const second = await startControlServer(t, { webhookRetryMs: [] }, { folders: first.folders });
  await until(() => received.length === 2);
  const message = JSON.parse(received[1]?.body ?? "") as { data: { id: string } };
  assert.equal(message.data.id, another);
  const deliveries = await log(second, id);
  assert.deepEqual(
    deliveries.map(({ attempts }) => attempts.length).sort(),
    [1, 1],
    "the first waits for its time",
  );
});

test("a rotated secret and the one before sign together", async (t) => {
  const server = await startControlServer(t);
  const { url, received } = await receiver(t, [200]);
  const before = await register(server, url);
  const rotated = (await (await server.ask("POST", `/v1/webhook/${before.id}/rotate`)).json()) as Hook;
  assert.notEqual(rotated.secret, before.secret);
  await server.queued();
  await server.work();
  await until(() => received.length > 0);
  const [first] = received;
  assert.ok(first !== undefined);
  assertSigned(first, before.secret);
  assertSigned(first, rotated.secret);
});

test("private addresses are refused: literal ones when they are registered, names when they are looked up", async (t) => {
  const server = await startControlServer(t, { webhooksToPrivate: false, webhookRetryMs: [] });
  for (const url of [
    "http://127.0.0.1:9/",
    "http://[::1]/",
    "http://169.254.169.254/latest",
    "http://10.0.0.1/",
    "http://0x7f.1/",
  ]) {
    const answer = await server.ask("POST", "/v1/webhook", { body: JSON.stringify({ url }) });
    assert.equal(answer.status, 400, url);
    assert.match(((await answer.json()) as { message: string }).message, /private address/);
  }
  const { id } = await register(server, "http://localhost:9/hook");
  await server.queued();
  await server.work();
  await until(async () => (await log(server, id))[0]?.status === "failed");
  assert.match(
    (await log(server, id))[0]?.attempts[0]?.error ?? "",
    /'localhost' leads to a private address/,
  );
});

test("what a webhook says is checked", async (t) => {
  const server = await startControlServer(t);
  for (const [body, why] of [
    [{ url: "ftp://x" }, /no http or https address/],
    [{ url: "http://a:b@example.com" }, /user name/],
    [
      { url: "https://example.com", events: ["workflow.exploded"] },
      /events must be some of .* not 'workflow.exploded'/,
    ],
    [{}, /url/],
  ] as const) {
    const answer = await server.ask("POST", "/v1/webhook", { body: JSON.stringify(body) });
    assert.equal(answer.status, 400);
    assert.match(((await answer.json()) as { message: string }).message, why);
  }
});
