import assert from "node:assert/strict";
import os from "node:os";
import { test } from "node:test";
import { pino } from "pino";
import type { Frame } from "../sockets/client-socket.ts";
import { DiskWatch } from "./disk-watch.ts";
import { Notifications } from "./notifications.ts";

function listening(): { notifications: Notifications; heard: string[]; next: () => Promise<void> } {
  const heard: string[] = [];
  let wake = (): void => undefined;
  const broadcast = (frames: readonly Frame[]): void => {
    heard.push(...frames.map(String));
    wake();
  };
  return {
    notifications: new Notifications(() => ({ broadcast })),
    heard,
    next: () => new Promise((resolve) => (wake = resolve)),
  };
}

test("a condition is told once, and to who connects while it stands", () => {
  const { notifications, heard } = listening();
  notifications.raise("pack-x", "it is broken");
  notifications.raise("pack-x", "it is broken");
  const told = '{"type": "notification", "data": {"value": "it is broken", "id": "pack-x"}}';
  assert.deepEqual(heard, [told]);
  assert.deepEqual(notifications.standing(), [told]);
  notifications.raise("pack-x", "it is still broken");
  assert.equal(heard.length, 2);
  notifications.clear("pack-x");
  assert.deepEqual(notifications.standing(), []);
});

test("an occurrence is told every time, and is over", () => {
  const { notifications, heard } = listening();
  notifications.tell("worker-lost", "gone");
  notifications.tell("worker-lost", "gone");
  assert.equal(heard.length, 2);
  assert.deepEqual(notifications.standing(), []);
});

test("a disk with less space than wanted is reported, one with enough is not", async (t) => {
  const { notifications, heard, next } = listening();
  const common = { folder: os.tmpdir(), notifications, log: pino({ level: "silent" }) };
  const told = next();
  const watch = new DiskWatch({ ...common, lowBytes: Number.MAX_SAFE_INTEGER });
  t.after(() => watch.stop());
  await told;
  assert.match(heard[0] ?? "", /is nearly full: about \d+ MiB left/);
  assert.ok(notifications.has("disk-nearly-full"));
  const second = new DiskWatch({ ...common, lowBytes: 0, everyMs: 5 });
  t.after(() => second.stop());
  while (notifications.has("disk-nearly-full")) await new Promise((resolve) => setImmediate(resolve));
});
