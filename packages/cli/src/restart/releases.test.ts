import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { Releases } from "./releases.ts";

interface Place {
  readonly base: string;
  readonly releases: Releases;
  /** Makes a release whose command is this code. */
  make(name: string, code: string): void;
  /** Starts `hearth serve` of an installation that prints "installed". */
  start(starter?: boolean): Promise<{ status: number | null; out: string[]; problem: string }>;
}

function place(t: TestContext): Place {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-releases-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const studio = path.join(base, "studio");
  mkdirSync(studio);
  const installed = path.join(base, "installed.ts");
  writeFileSync(installed, `console.log("installed");`);
  const launcher = path.join(base, "launcher.ts");
  const module = new URL("./start-release.ts", import.meta.url).href;
  writeFileSync(
    launcher,
    `import { startRelease } from ${JSON.stringify(module)};
     await startRelease(process.argv.slice(2), new URL("./installed.ts", import.meta.url));`,
  );
  const starterModule = new URL("./starter.ts", import.meta.url).href;
  const starter = path.join(base, "starter.ts");
  writeFileSync(
    starter,
    `import { beStarter } from ${JSON.stringify(starterModule)};
     process.exitCode = await beStarter([${JSON.stringify(launcher)}, ...process.argv.slice(2)], process.env, 75);`,
  );
  return {
    base,
    releases: new Releases(studio),
    make: (name, code) => {
      const folder = path.join(studio, "releases", name, "packages/cli/src");
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, "main.ts"), code);
    },
    start: async (withStarter = false) => {
      const child = spawn(
        process.execPath,
        [withStarter ? starter : launcher, "serve", "--base-directory", base],
        { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, HEARTH_TRIAL_MS: "1500" } },
      );
      const [[status], out, problem] = await Promise.all([
        once(child, "close") as Promise<[number | null]>,
        text(child.stdout),
        text(child.stderr),
      ]);
      return { status, out: out.trim().split("\n"), problem };
    },
  };
}

const module = new URL("./releases.ts", import.meta.url).href;
const confirming = (base: string): string =>
  `import { Releases } from ${JSON.stringify(module)};
   new Releases(${JSON.stringify(path.join(base, "studio"))}).confirm();
   console.log("new");`;

test("without a release the installation starts, with one that is confirmed that one", async (t) => {
  const { base, releases, make, start } = place(t);
  assert.deepEqual((await start()).out, ["installed"]);
  make("r1", confirming(base));
  releases.begin("r1", {});
  assert.deepEqual((await start()).out, ["new"]);
  assert.equal(releases.trial?.state, "confirmed");
  assert.deepEqual((await start()).out, ["new"]);
});

for (const withStarter of [false, true]) {
  const where = withStarter ? "under a starter" : "alone";
  for (const [what, code, reason] of [
    ["cannot be loaded", `import "./absent.ts";`, "it ended with status 1"],
    ["throws at once", `throw new Error("broken");`, "it ended with status 1"],
    [
      "ends with an error",
      `console.log("new"); setTimeout(() => process.exit(3), 50);`,
      "it ended with status 3",
    ],
    [
      "is never healthy",
      `console.log("new"); setInterval(() => {}, 1000);`,
      "it was not healthy within 1.5 s",
    ],
  ] as const) {
    test(`${where}: a release that ${what} is taken back, and the one before starts by itself`, async (t) => {
      const { releases, make, start } = place(t);
      make("r1", code);
      releases.begin("r1", {});
      const { status, out, problem } = await start(withStarter);
      assert.equal(out.at(-1), "installed", problem);
      assert.equal(status, 0);
      assert.deepEqual([releases.trial?.state, releases.trial?.reason], ["rolled_back", reason]);
      assert.equal(releases.current, undefined);
      assert.match(problem, /the update is taken back: it /);
    });
  }
}

test("a release that was killed before it was healthy is taken back at the next start", async (t) => {
  const { base, releases, make, start } = place(t);
  make("r1", confirming(base));
  releases.begin("r1", {});
  await start();
  make("r2", `process.kill(process.pid, "SIGKILL");`);
  releases.begin("r2", {});
  await start();
  assert.equal(releases.trial?.state, "trying");
  assert.deepEqual((await start()).out, ["new"]);
  assert.equal(releases.current, "r1");
  assert.equal(releases.trial?.state, "rolled_back");
});

test("killed between noting the trial and switching, nothing has happened", async (t) => {
  const { base, releases, make, start } = place(t);
  make("r1", confirming(base));
  releases.begin("r1", {});
  rmSync(path.join(base, "studio/current"));
  assert.deepEqual((await start()).out, ["installed"]);
  assert.equal(releases.trial, undefined);
});

test("a link that was being made is made again", (t) => {
  const { base, releases } = place(t);
  symlinkSync("releases/old", path.join(base, "studio/current.new"));
  releases.switchTo("r5");
  assert.equal(releases.current, "r5");
  assert.equal(existsSync(path.join(base, "studio/current.new")), false);
});

test("a release that is healthy and puts another one on trial does not judge it", async (t) => {
  const { base, releases, make, start } = place(t);
  make("r2", `${confirming(base)} console.log("second");`);
  make(
    "r1",
    `import { Releases } from ${JSON.stringify(module)};
     const releases = new Releases(${JSON.stringify(path.join(base, "studio"))});
     releases.confirm();
     releases.begin("r2", {});
     process.exitCode = 75;`,
  );
  releases.begin("r1", {});
  const { out, status } = await start(true);
  assert.deepEqual([out.at(-1), status], ["second", 0]);
  assert.deepEqual([releases.trial?.state, releases.current], ["confirmed", "r2"]);
});
