import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { test, type TestContext } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import { EventFollower } from "../../control/event-follower.ts";
import { Feeds } from "../../control/feeds.ts";
import { QueuePlaces } from "../../control/places.ts";
import { SignedUrls } from "../../control/signing.ts";
import { WorkflowStream } from "./stream.ts";

const ID = "00000000-0000-4000-8000-000000000001";

async function open(t: TestContext): Promise<{ store: JobStore; feeds: Feeds }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-stream-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  await store.accept({
    promptId: ID,
    prompt: "{}",
    extraData: "{}",
    sensitive: undefined,
    outputsToExecute: [],
    number: undefined,
    front: false,
    clientId: undefined,
    owner: "anonymous",
    createdAt: 1,
    workflowId: undefined,
  });
  const log = pino({ level: "silent" });
  const follower = new EventFollower(store, log);
  const urls = new SignedUrls({ secret: "s", seconds: 1 });
  return { store, feeds: new Feeds({ store, places: new QueuePlaces(store), urls, follower, log }) };
}

/** A client that takes a packet only when it is told to. */
class SlowClient extends Writable {
  readonly packets: string[] = [];
  #taken: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.packets.push(chunk.toString());
    this.#taken = done;
  }

  take(): void {
    this.#taken?.();
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "in time");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test("a slow client gets fewer snapshots, none of them old, and the last one surely", async (t) => {
  const { store, feeds } = await open(t);
  const options = { base: "", intervalMs: 2, maxUpdates: 0, push: true, ids: false, missed: [] };
  const slow = new WorkflowStream(feeds, ID, options);
  const quick = new WorkflowStream(feeds, ID, options);
  const client = new SlowClient();
  let quickEvents = 0;
  const reader = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      quickEvents += chunk.toString().split("\n\n").length - 1;
      done();
    },
  });
  await Promise.all([slow.start(), quick.start()]);
  slow.pipe(client);
  quick.pipe(reader);
  await until(() => quickEvents >= 20);
  assert.equal(client.packets.length, 1, "what it does not take is not kept for it");
  client.take();
  await until(() => client.packets.length === 2);
  await store.cancel([ID]);
  await until(() => reader.writableEnded);
  client.take();
  await until(() => client.packets.length === 3);
  client.take();
  await until(() => client.writableFinished);
  assert.match(client.packets[2] ?? "", /^data: \{"status":"cancelled".*\}\n\n$/);
  assert.equal(feeds.size, 0);
});
