/** What Studio's operations share, and what has to be there before any job is recovered. */
import type { EventFile, JobStore } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import type { Logger } from "pino";
import { ApiKeys } from "../auth/api-keys.ts";
import { IncompleteMarks } from "../catalogue/incomplete-marks.ts";
import { EventLog } from "../events/event-log.ts";
import { stallAtStartup, StartupFindings } from "../events/startup.ts";
import type { ModelFolders } from "../files/model-folders.ts";
import { QueuePause } from "../http/studio/queue-pause.ts";
import type { JobWatcher } from "../jobs/watcher.ts";
import type { NodeCatalog } from "../nodes/catalog.ts";
import { ProgressBook } from "../progress/progress-book.ts";
import { Environment } from "../system/environment.ts";
import { followKey } from "../system/key-file.ts";
import { Settings } from "../system/settings.ts";
import type { Releases } from "../system/update/updater.ts";

/** The zone of the seed's own samples. */
const DEFAULT_ZONE = "Europe/Rome";

export interface StudioOptions {
  /** IANA zone of the times that Studio prints; absent: Europe/Rome */
  readonly zone?: string | undefined;
  /** `stall`: what waited or ran when the hub stopped is stalled, as the seed has it; `keep`: it goes on */
  readonly restartPolicy: "keep" | "stall";
  /** of Hearth itself */
  readonly version: string;
  /** what holds without being in the environment: a key that was made at the first start */
  readonly inForce: Readonly<Record<string, string>>;
  /** `version.json` files, the one that counts first */
  readonly versionFiles: readonly string[];
  /** the browser extension, unpacked */
  readonly extensionFolder: string;
  /** downloads may come from this machine and its network */
  readonly allowPrivateDownloads: boolean;
  /** where the Telegram Bot API is; absent: at its own address */
  readonly telegramApi?: string | undefined;
  /** Asks for a new hub process; returns at once. */
  readonly restart: () => void;
  /** the releases that updates make */
  readonly releases: Releases;
}

export interface StudioParts {
  readonly options: StudioOptions;
  readonly store: JobStore;
  readonly folders: Folders;
  readonly modelFolders: ModelFolders;
  readonly catalog: NodeCatalog;
  readonly found: EventFile["found"];
  readonly log: Logger;
}

/** Its operations are registered apart (`routes.ts`): they are loaded once the hub listens. */
export class Studio {
  readonly parts: StudioParts;
  readonly zone: string;
  readonly environment: Environment;
  readonly settings: Settings;
  readonly keys: ApiKeys;
  readonly events: EventLog;
  readonly progress: ProgressBook;
  readonly pause: QueuePause;
  readonly marks: IncompleteMarks;
  readonly #findings: StartupFindings;
  readonly #followers: Pick<JobWatcher, "ended">[] = [];

  private constructor(
    parts: StudioParts,
    opened: Pick<Studio, "environment" | "settings" | "keys" | "events" | "progress" | "pause" | "zone">,
  ) {
    const { folders, store, log } = parts;
    this.parts = parts;
    this.zone = opened.zone;
    this.environment = opened.environment;
    this.settings = opened.settings;
    this.keys = opened.keys;
    this.events = opened.events;
    this.progress = opened.progress;
    this.pause = opened.pause;
    this.marks = new IncompleteMarks({ output: folders.output, store, log });
    this.#findings = new StartupFindings(opened.events);
  }

  static async open(parts: StudioParts): Promise<Studio> {
    const { store, catalog, log, options, found } = parts;
    const { documents } = store;
    const environment = await Environment.open(documents, process.env, options.inForce);
    followKey(environment, parts.folders.studio, (error) => {
      log.error({ err: error }, "the changed key could not be written to the file api-key");
    });
    const zone = options.zone ?? DEFAULT_ZONE;
    const settings = await Settings.open(documents, environment.get("MAX_CONCURRENT_DOWNLOADS"));
    const events = await EventLog.open({ store, log, zone, found });
    if (options.restartPolicy === "stall") await stallAtStartup(store, events);
    return new Studio(parts, {
      environment,
      zone,
      settings,
      keys: await ApiKeys.open(documents),
      events,
      progress: await ProgressBook.open({
        store,
        log,
        isOutput: (name) => catalog.get(name)?.info.output_node,
      }),
      pause: await QueuePause.open(documents),
    });
  }

  get watchers(): JobWatcher[] {
    return [
      this.progress,
      this.marks,
      this.#findings,
      { ended: (...given) => this.#followers.forEach((watcher) => watcher.ended?.(...given)) },
    ];
  }

  /** Lets a watcher hear of the ends of jobs, from now on. */
  follow(watcher: Pick<JobWatcher, "ended">): void {
    this.#followers.push(watcher);
  }

  /** Writes what is still to be written. */
  async close(): Promise<void> {
    await this.events.close();
    await this.progress.close();
  }
}
