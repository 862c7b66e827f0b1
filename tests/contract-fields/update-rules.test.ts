/** What an update may do and what not: S-94, S-96. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { pino } from "pino";
import { Repository } from "../../packages/hub/src/system/update/repository.ts";
import { Updater } from "../../packages/hub/src/system/update/updater.ts";
import { application, FIRST, makeInstallation, versionDocument } from "../studio-system/update-repository.ts";

const NEXT = { ...FIRST, models: 29, workflows: 45 };

test("S-94 while a folder is replaced a reader sees the old one or the new one, never a mixture", async (t) => {
  const at = await makeInstallation(t);
  const files = application("two", versionDocument("12.10.0", NEXT));
  // Enough files for the writing of the folder to take a while.
  for (let index = 0; index < 300; index += 1) files[`workflows/b/blocks/${index}.json`] = "{}";
  at.origin.publish(files);
  const mark = async (name: string): Promise<string> => {
    const text = await readFile(path.join(at.studio, "workflows", name, "manifest.yaml"), "utf8").catch(
      () => "",
    );
    return /one|two/.exec(text)?.[0] ?? "none";
  };
  const seen = new Set<string>();
  let isOver = false;
  const updating = at.updater.update([]).finally(() => (isOver = true));
  while (!isOver) {
    const [before, other, after] = [await mark("a"), await mark("b"), await mark("a")];
    if (before === after && before !== "none" && other !== "none") seen.add(`${before} ${other}`);
  }
  const { kind } = await updating;
  assert.equal(kind, "applied");
  assert.ok(
    [...seen].every((pair) => pair === "one one" || pair === "two two"),
    [...seen].join(", "),
  );
  assert.equal(readdirSync(path.join(at.studio, "workflows/b/blocks")).length, 300);
  const left = readdirSync(at.studio).filter((name) => name.includes(".update-"));
  assert.deepEqual(left, [], "nothing half-made is left");
});

test("S-96 without a repository there are no updates, and an address or branch is never an option of git", async (t) => {
  const at = await makeInstallation(t);
  at.origin.publish(application("two", versionDocument("12.10.0", NEXT)));
  const folder = path.join(at.folder, "copy");
  for (const [url, branch, words] of [
    ["", "main", /REPO_URL is not set/],
    ["--upload-pack=touch /tmp/x", "main", /begins with a hyphen/],
    [at.origin.url, "--exec=x", /begins with a hyphen/],
  ] as const) {
    await assert.rejects(new Repository(folder, () => ({ url, branch })).fetch(), words);
  }
  assert.ok(!existsSync(path.join(folder, ".git")));
});

test("S-96 only the branch that is set counts, and without backend and frontend no foreign code comes", async (t) => {
  const prepared: string[] = [];
  const at = await makeInstallation(t, { prepare: async (folder) => void prepared.push(folder) });
  at.origin.publish(application("two", versionDocument("12.10.0", { ...NEXT, backend: "12.10.0" })));
  const git = (...args: string[]): void => {
    execFileSync("git", ["-C", path.join(at.folder, "origin-work"), ...args], { stdio: "pipe" });
  };
  git("push", "-q", at.origin.url, "main:other");
  at.origin.publish(application("one", versionDocument("12.9.9", FIRST)));
  const pinned = await at.updater.update([]);
  assert.equal(pinned.kind, "current", "the other branch has something newer");

  at.origin.publish(application("two", versionDocument("12.10.0", { ...NEXT, backend: "12.10.0" })));
  const outcome = await at.updater.update(["backend", "frontend"]);
  assert.ok(outcome.kind === "applied");
  assert.deepEqual([outcome.updated, outcome.restartNeeded, prepared], [["models", "workflows"], false, []]);
  assert.match(readFileSync(path.join(at.studio, "workflows/a/manifest.yaml"), "utf8"), /two/);
});

test("what is installed counts although only the program's own version.json says it", async (t) => {
  const at = await makeInstallation(t);
  const shipped = path.join(at.folder, "version.json");
  renameSync(path.join(at.studio, "version.json"), shipped);
  at.origin.publish(application("two", versionDocument("12.10.0", { ...FIRST, models: 29, loras: 6 })));
  const updater = new Updater({
    store: at.store,
    repository: new Repository(path.join(at.studio, ".repo"), () => ({ url: at.origin.url, branch: "main" })),
    releases: at.releases,
    studio: at.studio,
    shippedVersions: [shipped],
    runtime: () => 0,
    prepare: async () => undefined,
    reloadCatalogs: async () => undefined,
    log: pino({ level: "silent" }),
  });
  assert.deepEqual((await updater.compare()).local, versionDocument("12.9.9", FIRST));
  const outcome = await updater.update(["loras"]);
  assert.ok(outcome.kind === "applied");
  assert.deepEqual([outcome.updated, outcome.restartNeeded], [["models"], false]);
  const { components } = JSON.parse(readFileSync(path.join(at.studio, "version.json"), "utf8"));
  assert.deepEqual(
    [components.backend.version, components.models.version, components.loras.version],
    ["12.9.9", 29, 5],
  );
});
