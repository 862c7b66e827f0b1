import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolders } from "../http/test-server.ts";
import { exclusively } from "./file-lock.ts";

const LOCK_MODULE = new URL("file-lock.ts", import.meta.url).href;

test("work under one lock never overlaps, and goes on after an error", async (t) => {
  const file = path.join(temporaryFolders(t).user, "__x.lock");
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} in`);
    await new Promise(setImmediate);
    order.push(`${name} out`);
    if (name === "b") throw new Error("b failed");
    return name;
  };
  const results = await Promise.allSettled(["a", "b", "c"].map((name) => exclusively(file, work(name))));
  assert.deepEqual(order, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  assert.deepEqual(
    results.map((result) =>
      result.status === "fulfilled" ? result.value : (result.reason as Error).message,
    ),
    ["a", "b failed", "c"],
  );
});

test("a process that is killed while it holds the lock lets it go", { timeout: 30_000 }, async (t) => {
  const file = path.join(temporaryFolders(t).user, "__x.lock");
  const script = `
    import { exclusively } from ${JSON.stringify(LOCK_MODULE)};
    setInterval(() => {}, 1000);
    await exclusively(${JSON.stringify(file)}, () => new Promise(() => console.log("held")));
  `;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  let got = false;
  const mine = exclusively(file, async () => {
    got = true;
  });
  // Many turns are long enough for a lock that is free to be taken.
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  assert.equal(got, false);
  holder.kill("SIGKILL");
  await mine;
  assert.equal(got, true);
});
