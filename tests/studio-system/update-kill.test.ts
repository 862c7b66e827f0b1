/** An update that is killed at any moment leaves each component whole, old or new, and the next one ends it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Releases } from "../../packages/cli/src/restart/releases.ts";
import { repair } from "../../packages/hub/src/system/update/place.ts";
import { application, install, makeOrigin, versionDocument } from "./update-repository.ts";

const PROCESS = fileURLToPath(new URL("./update-process.ts", import.meta.url));
const NEXT = { backend: "13.0.0", frontend: "13.0.0", models: 29, loras: 6, llm_models: 4, workflows: 45 };
/** Steps between two kills, in milliseconds. */
const STEP_MS = 30;

async function begin(folder: string): Promise<{ child: ChildProcess; end: Promise<boolean> }> {
  const child = spawn(process.execPath, [PROCESS, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on("line", (line) => lines.push(line));
  await once(reader, "line");
  return { child, end: once(child, "close").then(() => lines.includes("end")) };
}

function markOf(studio: string, name: string): string {
  return /one|two/.exec(readFileSync(path.join(studio, name), "utf8"))?.[0] ?? `nothing in ${name}`;
}

/** What holds after every kill, once the next start has repaired. */
async function check(studio: string): Promise<void> {
  for (const folder of [studio, path.join(studio, "catalogs"), path.join(studio, "releases")]) {
    await repair(folder);
  }
  const { components } = JSON.parse(readFileSync(path.join(studio, "version.json"), "utf8")) as {
    components: Record<string, { version: string | number }>;
  };
  const marks = {
    models: markOf(studio, "catalogs/models.json"),
    loras: markOf(studio, "catalogs/loras.json"),
    llm_models: markOf(studio, "catalogs/llm.json"),
    workflows: markOf(studio, "workflows/a/manifest.yaml"),
  };
  assert.equal(markOf(studio, "workflows/b/manifest.yaml"), marks.workflows, "workflows are of one version");
  for (const [name, mark] of Object.entries(marks)) {
    // The version is written after the files: it never promises what is not there.
    if (components[name]?.version === NEXT[name as keyof typeof NEXT]) assert.equal(mark, "two", name);
  }
  assert.notEqual(components["backend"]?.version, NEXT.backend, "code counts only once it is healthy");
  const releases = new Releases(studio);
  const { current } = releases;
  if (current !== undefined) {
    assert.equal(markOf(studio, `releases/${current}/packages/cli/src/main.ts`), "two");
    assert.ok(existsSync(path.join(releases.folder(current), "package-lock.json")));
  }
  const left = readdirSync(studio, { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((name) => /\.update-(new|old)/.test(name) && !name.startsWith(".repo")),
    [],
  );
}

test("killed at every step, nothing is half-placed and the next update ends it", async (t) => {
  let isWhole = false;
  let kills = 0;
  for (let delayMs = 0; !isWhole; delayMs += STEP_MS) {
    const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-update-kill-"));
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const studio = path.join(folder, "studio");
    install(studio);
    makeOrigin(folder).publish(application("two", versionDocument("13.0.0", NEXT)));
    const { child, end } = await begin(folder);
    const timer = setTimeout(() => child.kill("SIGKILL"), delayMs);
    isWhole = await end;
    clearTimeout(timer);
    if (!isWhole) kills += 1;
    await check(studio);
    const trial = new Releases(studio);
    trial.toStart();
    if (trial.current === undefined) {
      const next = await begin(folder);
      assert.equal(await next.end, true, `after a kill at ${delayMs} ms`);
      await check(studio);
    }
    for (const name of ["catalogs/models.json", "catalogs/llm.json", "workflows/b/manifest.yaml"]) {
      assert.equal(markOf(studio, name), "two", `${name} after a kill at ${delayMs} ms`);
    }
    assert.notEqual(trial.current, undefined);
  }
  t.diagnostic(`${kills} kills`);
  assert.ok(kills > 3);
});
