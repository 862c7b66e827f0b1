import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { jobStoreSuite, newJob } from "../conformance/index.ts";
import { DatabaseBusyError, NewerSchemaError } from "../errors.ts";
import { openSqliteStore } from "./sqlite-store.ts";

async function temporaryFile(): Promise<{ file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-jobs-"));
  return { file: path.join(folder, "hearth.db"), remove: () => rm(folder, { recursive: true }) };
}

jobStoreSuite("sqlite", async () => {
  const { file, remove } = await temporaryFile();
  let store = await openSqliteStore(file);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openSqliteStore(file);
      return store;
    },
    destroy: async () => {
      await store.close();
      await remove();
    },
  };
});

test("a second hub is refused while the first one lives", async () => {
  const { file, remove } = await temporaryFile();
  const store = await openSqliteStore(file);
  await assert.rejects(openSqliteStore(file), DatabaseBusyError);
  await store.close();
  await remove();
});

test("a database of a newer version is left alone", async () => {
  const { file, remove } = await temporaryFile();
  await (await openSqliteStore(file)).close();
  const database = new DatabaseSync(file);
  database.exec("PRAGMA user_version = 999");
  database.close();
  await assert.rejects(openSqliteStore(file), NewerSchemaError);
  await remove();
});

test("kill -9 while a job runs is an unclean stop", async () => {
  const { file, remove } = await temporaryFile();
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    const store = await openSqliteStore(${JSON.stringify(file)});
    await store.accept(${JSON.stringify(newJob("runs"))});
    await store.claim("w", { leaseMs: 1000 });
    process.stdout.write("running");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  const store = await openSqliteStore(file);
  const [job] = await store.recover();
  assert.equal((await store.get(job?.id ?? ""))?.uncleanStops, 1);
  await store.close();
  await remove();
});

test("what was accepted survives kill -9, and the lock is free again", async () => {
  const { file, remove } = await temporaryFile();
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL("./sqlite-store.ts", import.meta.url).href)};
    const store = await openSqliteStore(${JSON.stringify(file)});
    for (let i = 0; ; i += 1) {
      const job = { ...${JSON.stringify(newJob("x"))}, promptId: String(i) };
      await store.accept(job);
      process.stdout.write(i + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let accepted = -1;
  for await (const chunk of child.stdout) {
    accepted = Number(String(chunk).trim().split("\n").at(-1));
    if (accepted >= 100) break;
  }
  child.kill("SIGKILL");
  await once(child, "exit");
  const store = await openSqliteStore(file);
  assert.ok((await store.counts()).pending > accepted);
  await store.close();
  await remove();
});
