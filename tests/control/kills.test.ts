/** Hubs that die in the middle of things: nothing is lost, and the truth is told. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";
import sharp from "sharp";
import { kill, type TestServer, until } from "../support/server.ts";
import { ControlClient, KEY, picture, startControl, type Workflow } from "./support.ts";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl();
  client = new ControlClient(server.url);
});
after(() => server.stop());

async function killHub(): Promise<void> {
  kill(server.ids().hub);
  await server.launch();
}

/** True when it completed. What was with the worker at a kill may have stalled instead, and then says so. */
function assertTruth(workflow: Workflow): boolean {
  if (workflow.status === "completed") return true;
  const { status, exception_type, exception_message } = workflow;
  assert.deepEqual([status, exception_type], ["failed", "WorkerLost"], String(exception_message));
  assert.match(exception_message ?? "", /server stopped while the prompt was running/);
  return false;
}

function folders(): string[] {
  const parent = path.join(server.base, "input", "control");
  return existsSync(parent) ? readdirSync(parent) : [];
}

test("killed during an upload: there is no job, and nothing of it is left", async () => {
  const socket = net.connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(
    `POST /v1/workflow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Length: 1000000\r\n` +
      "Content-Type: multipart/form-data; boundary=b\r\n\r\n" +
      '--b\r\nContent-Disposition: form-data; name="$photo"; filename="a.png"\r\n\r\nhalf of a pic',
  );
  await until("the upload to begin", () => (folders().length > 0 ? true : undefined));
  await killHub();
  socket.destroy();
  // The contract goes on with what the last hub left before it answers anybody.
  assert.equal((await client.json<{ total: number }>("/v1/workflow")).total, 0);
  assert.deepEqual(folders(), []);
});

test("killed right after its answers: every workflow comes to its end, and no file is lost", async () => {
  const photo = await sharp({ create: { width: 64, height: 48, channels: 3, background: "#00ff00" } })
    .png()
    .toBuffer();
  const graph = {
    "1": { class_type: "LoadImage", inputs: { image: "$file(photo)" } },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "photo" } },
  };
  const fields = { $photo: { blob: new Blob([new Uint8Array(photo)]), filename: "a.png" } };
  const ids: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    ids.push(...(await Promise.all([1, 2, 3, 4].map(() => client.create(graph, fields)))));
    await killHub();
  }
  let completed = 0;
  for (const id of ids) {
    if (!assertTruth(await client.ended(id))) continue;
    completed += 1;
    const [output] = await client.json<{ src: string }[]>(`/v1/workflow/${id}/outputs`);
    const { width } = await sharp(
      Buffer.from(await (await fetch(output?.src ?? "")).arrayBuffer()),
    ).metadata();
    assert.equal(width, 64);
  }
  assert.ok(completed >= ids.length - 3, "at most the one that ran at each kill is lost");
});

test("killed between a request and its answer: the same Idempotency-Key finds or makes the one job", async () => {
  const ids = new Map<string, string>();
  const send = async (key: string): Promise<void> => {
    const id = await until(`an answer for ${key}`, async () => {
      const graph = picture({ prefix: key });
      const answer = await client.submit(graph, {}, { "idempotency-key": key }).catch(() => undefined);
      // A server that stops half-way answers nothing, or not all of it.
      const body = (await answer?.json().catch(() => undefined)) as { id?: string } | undefined;
      return answer?.status === 201 ? body?.id : undefined;
    });
    ids.set(key, id);
  };
  const before = await client.json<{ total: number }>("/v1/workflow");
  for (let round = 0; round < 3; round += 1) {
    const sending = Promise.all(Array.from({ length: 8 }, (_, index) => send(`key-${round}-${index}`)));
    await killHub();
    await sending;
  }
  for (const [key, id] of ids) {
    await send(key);
    assert.equal(ids.get(key), id, "the same job, also after all is over");
    assertTruth(await client.ended(id));
  }
  const { total } = await client.json<{ total: number }>("/v1/workflow");
  assert.equal(total - before.total, 24);
});

test("killed while a workflow runs: its worker goes on, and streams find the end again", async () => {
  // It outlasts the restart, also on a busy machine.
  const id = await client.create(picture({ seconds: 6 }));
  await client.reach(id, "running");
  const broken = client.events(id).catch(() => undefined);
  await killHub();
  await broken;
  const events = await client.events(id);
  assert.equal(events[0]?.data.status, "running");
  const end = events.at(-1)?.data;
  // On a machine that is too busy for its worker to dial in time, the job stalls, and the stream says that.
  const isPickedUp = assertTruth(await client.ended(id));
  assert.deepEqual([end?.status, end?.outputs.length], isPickedUp ? ["completed", 1] : ["failed", 0]);
  assert.equal(end?.cause?.exception_type, isPickedUp ? undefined : "WorkerLost");
});

test("hub and worker killed while a workflow runs: it failed, and says why", async (t) => {
  const server = await startControl();
  t.after(() => server.stop());
  const client = new ControlClient(server.url);
  const id = await client.create(picture({ seconds: 30 }));
  await client.reach(id, "running");
  const { hub, worker } = server.ids();
  assert.ok(worker !== undefined);
  // The hub first: it would queue the job of a lost worker again.
  kill(hub);
  kill(worker);
  await server.launch();
  await client.ended(id);
  const { data } = (await client.events(id)).at(-1) ?? {};
  assert.equal(data?.status, "failed");
  assert.equal(data?.cause?.exception_type, "WorkerLost");
  assert.match(data?.cause?.exception_message ?? "", /server stopped while the prompt was running/);
  assert.notEqual(data?.completed_at, null);
});
