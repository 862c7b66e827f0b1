/**
 * Updates from a git repository. Catalogues and workflows are put in place one by one; code goes into a release folder of
 * its own, is made ready there, and is put on trial: the version file names it only once the new hub is healthy.
 *
 * A process may be killed at any step. What is half-made lies under a name that nothing reads, and `repair` clears it.
 */
import { readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { JobStore } from "@hearth/jobs";
import { isJsonObject, type JsonObject, printJson } from "@hearth/protocol";
import type { Logger } from "pino";
import {
  COMPONENTS,
  type ComponentName,
  isNewer,
  readVersionFile,
  readVersions,
  type VersionDocument,
} from "../versions.ts";
import { place, placeToMake, repair, writeWhole } from "./place.ts";
import type { Repository } from "./repository.ts";

/** How a release that was put on trial does. */
export interface Trial {
  readonly state: "trying" | "confirmed" | "rolled_back";
  readonly to: string;
  /** null: the installation itself */
  readonly from: string | null;
  readonly reason: string;
  readonly isTold: boolean;
  /** what the version file is to say once it is confirmed */
  readonly versions: JsonObject;
}

/** How releases are started and taken back; the command line knows. */
export interface Releases {
  folder(name: string): string;
  readonly current: string | undefined;
  readonly trial: Trial | undefined;
  begin(to: string, versions: JsonObject): void;
  confirm(): unknown;
  told(): void;
}

export interface UpdaterParts {
  readonly store: Pick<JobStore, "addEvent">;
  readonly repository: Repository;
  readonly releases: Releases;
  /** `STUDIO_DIR` */
  readonly studio: string;
  /** the `version.json` that came with the program: it counts until `STUDIO_DIR` has one of its own */
  readonly shippedVersions?: readonly string[];
  /** version of the image that this runs in */
  readonly runtime: () => number;
  /** Makes the code in a folder ready to run. */
  readonly prepare: (folder: string) => Promise<void>;
  readonly reloadCatalogs: () => Promise<void>;
  readonly log: Logger;
}

export type Outcome =
  | {
      readonly kind: "applied" | "current";
      readonly updated: readonly ComponentName[];
      readonly restartNeeded: boolean;
      readonly local: JsonObject;
      readonly remote: JsonObject;
    }
  | { readonly kind: "blocked"; readonly minRuntime: number; readonly runtime: number };

/** Another update is under way. */
export class UpdateRunningError extends Error {
  constructor() {
    super("An update is under way");
    this.name = "UpdateRunningError";
  }
}

/** Where a component lies in the repository and below `STUDIO_DIR`. */
const DATA: Readonly<Partial<Record<ComponentName, string>>> = {
  models: "catalogs/models.json",
  loras: "catalogs/loras.json",
  llm_models: "catalogs/llm.json",
  workflows: "workflows",
};
const CODE: readonly ComponentName[] = ["backend", "frontend"];

export class Updater {
  readonly #parts: UpdaterParts;
  #isRunning = false;

  constructor(parts: UpdaterParts) {
    this.#parts = parts;
  }

  get #versionFile(): string {
    return path.join(this.#parts.studio, "version.json");
  }

  /** The version documents here and there. @throws Error when the repository cannot be fetched */
  async compare(): Promise<{ local: JsonObject; remote: JsonObject; commit: string }> {
    const { repository } = this.#parts;
    const commit = await repository.fetch();
    const remote = await repository.versions(commit);
    return { local: await this.#local(), remote, commit };
  }

  async #local(): Promise<JsonObject> {
    const { shippedVersions = [] } = this.#parts;
    return (await readVersionFile(this.#versionFile, ...shippedVersions)).whole;
  }

  /** Brings every component that is newer there and is not in `skip`. @throws UpdateRunningError */
  async update(skip: readonly string[]): Promise<Outcome> {
    if (this.#isRunning || this.#parts.releases.trial?.state === "trying") throw new UpdateRunningError();
    this.#isRunning = true;
    try {
      return await this.#update(skip);
    } finally {
      this.#isRunning = false;
    }
  }

  async #update(skip: readonly string[]): Promise<Outcome> {
    const { commit, remote, local } = await this.compare();
    const there = readVersions(remote);
    const here = readVersions(local);
    const runtime = this.#parts.runtime();
    if (there.minRuntime > runtime) return { kind: "blocked", minRuntime: there.minRuntime, runtime };
    const wanted = COMPONENTS.filter(
      (name) =>
        !skip.includes(name) && isNewer(there.components[name].version, here.components[name].version),
    );
    // From now on it counts what is here: another program brings another document, which knows nothing of what was skipped.
    if (wanted.length > 0) await this.#merge({});
    const updated: ComponentName[] = [];
    for (const name of wanted) {
      if (await this.#placeData(name, commit, remote)) updated.push(name);
    }
    if (updated.length > 0) await this.#parts.reloadCatalogs();
    const isWhole = COMPONENTS.every(
      (name) =>
        updated.includes(name) || !isNewer(there.components[name].version, here.components[name].version),
    );
    // The application is at the new version when nothing of it is left behind.
    if (isWhole && updated.length > 0) await this.#merge(pick(remote, [], true));
    const code = CODE.filter((name) => wanted.includes(name));
    if (code.length > 0) {
      await this.#placeCode(code, commit, there);
      updated.unshift(...code);
    }
    const restartNeeded = code.length > 0;
    if (updated.length === 0) return { kind: "current", updated, restartNeeded, local, remote };
    await this.#parts.store.addEvent({
      type: "system.updated",
      severity: "success",
      message: `Updated: ${updated.join(", ")}`,
      data: { components: updated, restart_needed: restartNeeded },
    });
    return { kind: "applied", updated, restartNeeded, local, remote };
  }

  /** False when the component is code, or the repository does not have it: then its version stays. */
  async #placeData(name: ComponentName, commit: string, remote: JsonObject): Promise<boolean> {
    const { repository, studio } = this.#parts;
    const source = DATA[name];
    if (source === undefined || !(await repository.has(commit, source))) return false;
    const target = path.join(studio, source);
    const made = await placeToMake(target);
    const tree = await placeToMake(`${target}.tree`);
    try {
      await repository.extract(commit, tree, [source]);
      await rename(path.join(tree, source), made);
      await place(made, target);
    } finally {
      await rm(tree, { recursive: true, force: true });
    }
    await this.#merge(pick(remote, [name]));
    return true;
  }

  /** A folder with all code of the commit, ready to run, put on trial. */
  async #placeCode(names: readonly ComponentName[], commit: string, there: VersionDocument): Promise<void> {
    const { repository, releases, prepare } = this.#parts;
    const name = `${there.appVersion.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_")}-${commit.slice(0, 12)}`;
    const target = releases.folder(name);
    const made = await placeToMake(target);
    try {
      await repository.extract(commit, made);
      await prepare(made);
      await place(made, target);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
    releases.begin(name, pick(there.whole, names, true));
  }

  /** To be called before the catalogues are read: ends what a process that was killed left half-placed. */
  async repair(): Promise<void> {
    const { releases, studio } = this.#parts;
    for (const folder of [studio, path.join(studio, "catalogs"), path.dirname(releases.folder("x"))]) {
      await repair(folder);
    }
  }

  /**
   * To be called when this hub is healthy. A release on trial is confirmed and the version file names it, and of an update
   * that was taken back the event log tells why.
   */
  async resume(): Promise<void> {
    const { releases, store, log } = this.#parts;
    releases.confirm();
    const { trial } = releases;
    if (trial === undefined || trial.isTold) return;
    if (trial.state === "confirmed") {
      await this.#merge(trial.versions);
      await this.#removeOldReleases([trial.to, trial.from]);
    } else if (trial.state === "rolled_back") {
      log.error(`The update to ${trial.to} is taken back: ${trial.reason}`);
      await store.addEvent({
        type: "system.update.failed",
        severity: "error",
        message: `Update to ${trial.to} taken back: ${trial.reason}`,
        data: { release: trial.to, reason: trial.reason },
      });
    } else return;
    releases.told();
  }

  /** The one that runs and the one before stay. */
  async #removeOldReleases(keep: readonly (string | null)[]): Promise<void> {
    const folder = path.dirname(this.#parts.releases.folder("x"));
    for (const name of await readdir(folder).catch(() => [])) {
      if (!keep.includes(name)) await rm(path.join(folder, name), { recursive: true, force: true });
    }
  }

  async #merge(news: JsonObject): Promise<void> {
    const whole = await this.#local();
    const components = isJsonObject(whole["components"]) ? whole["components"] : {};
    const added = isJsonObject(news["components"]) ? news["components"] : {};
    const merged = { ...whole, ...news, components: { ...components, ...added } };
    await writeWhole(this.#versionFile, `${printJson(merged, "indent2")}\n`);
  }
}

/** What a version document says of some components; `whole`: of the application too. */
function pick(document: JsonObject, names: readonly ComponentName[], whole = false): JsonObject {
  const all = isJsonObject(document["components"]) ? document["components"] : {};
  const components = Object.fromEntries(
    names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
  );
  const head: JsonObject = {};
  for (const name of whole ? ["app_version", "date", "min_runtime"] : []) {
    const value = document[name];
    if (value !== undefined) head[name] = value;
  }
  return { ...head, components };
}
