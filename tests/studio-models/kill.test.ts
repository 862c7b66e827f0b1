/** A process that dies while it downloads: nothing is lost, nothing half-written has a model's name. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSqliteStore } from "@hearth/jobs";
import { ModelSite } from "../../packages/hub/src/http/studio/models-test-support.ts";
import { temporaryFolders } from "../../packages/hub/src/http/test-server.ts";

const PROGRAM = fileURLToPath(new URL("./download-process.ts", import.meta.url));

interface Status {
  readonly filename: string;
  readonly status: string;
  readonly downloaded: number;
}

/** Starts the process and hands its reports to `isEnough` until that is true. */
async function run(
  t: TestContext,
  args: readonly string[],
  isEnough: (all: readonly Status[]) => boolean,
): Promise<ChildProcess> {
  const child = fork(PROGRAM, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  t.after(() => child.kill("SIGKILL"));
  for (;;) {
    const [all] = (await once(child, "message")) as [readonly Status[]];
    if (isEnough(all)) return child;
  }
}

const has = (all: readonly Status[], filename: string, status: string, downloaded: number): boolean =>
  all.some((one) => one.filename === filename && one.status === status && one.downloaded === downloaded);

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(
    `${signal} during a download: the next process goes on where it was`,
    { timeout: 60_000 },
    async (t) => {
      const site = await ModelSite.start(t);
      const { base, models, studio } = temporaryFolders(t);
      const folder = path.join(models, "checkpoints");
      const content = randomBytes(400_000);
      const small = randomBytes(5_000);
      site.files.set("/big.ckpt", content).set("/small.ckpt", small);
      site.holdAfter = 150_000;
      const child = await run(
        t,
        [base, site.url, "big.ckpt", "small.ckpt"],
        (all) => has(all, "big.ckpt", "running", 150_000) && has(all, "small.ckpt", "completed", 5_000),
      );
      child.kill(signal);
      await once(child, "exit");
      const shown = (): string[] => readdirSync(folder).filter((name) => !name.startsWith("."));
      assert.deepEqual(shown(), ["small.ckpt"]);
      site.release();
      const second = await run(t, [base, site.url], (all) =>
        has(all, "big.ckpt", "completed", content.length),
      );
      second.kill("SIGTERM");
      await once(second, "exit");
      assert.deepEqual(readdirSync(folder).sort(), ["big.ckpt", "small.ckpt"]);
      assert.ok(readFileSync(path.join(folder, "big.ckpt")).equals(content));
      const rest = site.requests.filter(({ url }) => url === "/big.ckpt").map(({ range }) => range);
      assert.deepEqual(rest, [undefined, "bytes=150000-"]);
      const store = await openSqliteStore(path.join(studio, "test.db"));
      t.after(() => store.close());
      const told = (await store.events(0, 100)).map(({ type, data }) => [
        type,
        (JSON.parse(data) as { filename: string }).filename,
      ]);
      assert.deepEqual(told, [
        ["model.download.completed", "small.ckpt"],
        ["model.download.completed", "big.ckpt"],
      ]);
    },
  );
}
