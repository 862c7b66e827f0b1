import assert from "node:assert/strict";
import { test } from "node:test";
import { SpentBuffers } from "./spent-buffers.ts";

const MIB = 1024 * 1024;

test("the buffers of a large body do not pile up", () => {
  const before = process.memoryUsage().arrayBuffers;
  const buffers = new SpentBuffers();
  let most = 0;
  for (let sent = 0; sent < 512 * MIB; sent += MIB) {
    const chunk = Buffer.allocUnsafeSlow(MIB);
    buffers.spent(chunk.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  assert.ok(most <= 24 * MIB, `${Math.round(most / MIB)} MiB were held at once`);
});
