import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { isAlive } from "./process-alive.ts";

test("a running process is alive, one whose end was fetched is not", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  assert.equal(isAlive(process.pid), true);
  assert.equal(isAlive(child.pid!), true);
  child.stdin.end();
  await once(child, "exit");
  assert.equal(isAlive(child.pid!), false);
});

test("a zombie is not alive, although it takes signals", { skip: process.platform !== "linux" }, async () => {
  // The shell becomes `cat` before its child ends, and `cat` never fetches that end.
  const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec cat"], { stdio: ["pipe", "pipe", "ignore"] });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const zombie = Number(line.toString());
  try {
    while (isAlive(zombie)) await new Promise((resolve) => setImmediate(resolve));
    assert.doesNotThrow(() => process.kill(zombie, 0), "it still takes signals");
  } finally {
    parent.stdin.end();
    await once(parent, "exit");
  }
});
