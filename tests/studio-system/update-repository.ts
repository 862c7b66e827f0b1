/** A local bare repository that updates come from, and an updater over it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { openSqliteStore, type JobStore } from "@hearth/jobs";
import { pino } from "pino";
import { Releases } from "../../packages/cli/src/restart/releases.ts";
import { Repository } from "../../packages/hub/src/system/update/repository.ts";
import { Updater } from "../../packages/hub/src/system/update/updater.ts";

export type Versions = Readonly<Record<string, string | number>>;

/** Versions of the components as a document. */
export function versionDocument(appVersion: string, versions: Versions, minRuntime = 0): object {
  const components = Object.fromEntries(
    Object.entries(versions).map(([name, version]) => [name, { version, date: "2026-03-25 10:00" }]),
  );
  return { app_version: appVersion, date: "2026-03-25 10:00", min_runtime: minRuntime, components };
}

export const FIRST: Versions = {
  backend: "12.9.9",
  frontend: "12.0.2",
  models: 28,
  loras: 5,
  llm_models: 3,
  workflows: 44,
};

export interface Origin {
  readonly url: string;
  /** Commits files, replacing what was there, and publishes them on `main`. */
  publish(files: Readonly<Record<string, string>>): void;
}

export function makeOrigin(folder: string): Origin {
  const bare = path.join(folder, "origin.git");
  const work = path.join(folder, "origin-work");
  const git = (...args: string[]): void => {
    execFileSync("git", ["-C", work, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      stdio: "pipe",
    });
  };
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", work]);
  return {
    url: bare,
    publish: (files) => {
      git("rm", "-rfq", "--ignore-unmatch", ".");
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(work, name)), { recursive: true });
        writeFileSync(path.join(work, name), text);
      }
      git("add", "-A");
      git("commit", "-qm", "next", "--allow-empty");
      git("push", "-qf", bare, "main");
    },
  };
}

/** All files of a small application, each naming `mark`. */
export function application(mark: string, document: object): Record<string, string> {
  return {
    "version.json": JSON.stringify(document),
    "catalogs/models.json": JSON.stringify({ mark }),
    "catalogs/loras.json": JSON.stringify({ mark }),
    "catalogs/llm.json": JSON.stringify({ mark }),
    "workflows/a/manifest.yaml": `id: a\nmark: ${mark}\n`,
    "workflows/b/manifest.yaml": `id: b\nmark: ${mark}\n`,
    "packages/cli/src/main.ts": `console.log(${JSON.stringify(mark)});\n`,
    "package.json": JSON.stringify({
      name: "app",
      version: "1.0.0",
      type: "module",
      scripts: { build: "echo built > built.txt" },
    }),
    "package-lock.json": JSON.stringify({
      name: "app",
      version: "1.0.0",
      lockfileVersion: 3,
      packages: { "": { name: "app", version: "1.0.0" } },
    }),
  };
}

/** Files of an installation at the versions `FIRST`, marked "one". */
export function install(studio: string): void {
  const files = application("one", versionDocument("12.9.9", FIRST));
  for (const [name, text] of Object.entries(files)) {
    if (name.startsWith("pack")) continue;
    mkdirSync(path.dirname(path.join(studio, name)), { recursive: true });
    writeFileSync(path.join(studio, name), text);
  }
}

export interface Installation {
  readonly folder: string;
  readonly studio: string;
  readonly origin: Origin;
  readonly releases: Releases;
  readonly store: JobStore;
  readonly updater: Updater;
  /** how many times catalogues were read anew */
  readonly reloads: () => number;
}

export interface InstallationOptions {
  readonly runtime?: number;
  readonly prepare?: (folder: string) => Promise<void>;
}

export async function makeInstallation(
  t: TestContext,
  { runtime = 2, prepare = async () => undefined }: InstallationOptions = {},
): Promise<Installation> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-update-"));
  const studio = path.join(folder, "studio");
  install(studio);
  const origin = makeOrigin(folder);
  const store = await openSqliteStore(path.join(studio, "hearth.db"));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  let reloads = 0;
  const releases = new Releases(studio);
  const updater = new Updater({
    store,
    repository: new Repository(path.join(studio, ".repo"), () => ({ url: origin.url, branch: "main" })),
    releases,
    studio,
    runtime: () => runtime,
    prepare,
    reloadCatalogs: async () => {
      reloads += 1;
    },
    log: pino({ level: "silent" }),
  });
  return { folder, studio, origin, releases, store, updater, reloads: () => reloads };
}
