/**
 * ComfyUIs that were registered as Control's runners: each active one is driven like one of the command line, as the
 * worker `runner-<id>`. What is registered changes while the hub runs; a driver that is not wanted any more ends with
 * its job. Runners of keys that may not administer are kept and run nothing: they would get everybody's prompts.
 */
import type { DocumentStore } from "@hearth/jobs";
import type { Logger } from "pino";
import { ANONYMOUS, type Identity, may } from "../auth/identity.ts";
import type { WorkerLauncher } from "../link/supervisor.ts";
import type { WorkerLink } from "../link/worker-link.ts";
import type { Fleet } from "./fleet.ts";
import type { Supervisors } from "./supervisors.ts";

/** The collection of documents that runners are kept in. */
export const RUNNERS = "control_runners";

/** A registered runner. Jobs with tags suit it when it has all of them; without tags on either side, all do. */
export interface Runner {
  readonly name: string;
  readonly endpoint: string;
  /** sent along with every request to it */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly status: "active" | "disabled";
}

/** How the driver of a ComfyUI is started. */
export type RunnerLauncher = (runner: {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
}) => WorkerLauncher;

export interface RegisteredRunnerParts {
  readonly documents: Pick<DocumentStore, "list">;
  readonly keys: { byId(id: string): Identity | undefined };
  readonly launcherOf: RunnerLauncher;
  readonly supervisors: () => Supervisors;
  readonly fleet: Fleet;
  /** a connected worker gets nothing new, and ends when it is done */
  readonly retire: (link: WorkerLink) => void;
  readonly log: Logger;
}

const PREFIX = "runner-";

export class RegisteredRunners {
  readonly #parts: RegisteredRunnerParts;
  /** digests of the settings of those that are driven, by the name of the worker */
  readonly #driven = new Map<string, string>();
  #following: Promise<void> = Promise.resolve();
  readonly #stopListening: () => void;

  constructor(parts: RegisteredRunnerParts) {
    this.#parts = parts;
    this.#stopListening = parts.fleet.onChange(() => void this.#forgetEnded());
  }

  /** How the active ones are started. */
  async launchers(): Promise<WorkerLauncher[]> {
    const { documents, launcherOf } = this.#parts;
    const kept = await documents.list(RUNNERS);
    return kept.flatMap(({ key, text }) => {
      const { owner, value } = JSON.parse(text) as { readonly owner: string; readonly value: Runner };
      if (value.status !== "active" || !this.#mayServe(owner)) return [];
      const { endpoint: url, headers, tags } = value;
      return [launcherOf({ name: PREFIX + key, url, headers, tags })];
    });
  }

  #mayServe(owner: string): boolean {
    if (owner === ANONYMOUS) return true;
    const identity = this.#parts.keys.byId(owner.replace(/^key:/, ""));
    return identity !== undefined && may(identity, "admin");
  }

  /** Those that the hub starts with are driven already. */
  began(launchers: readonly WorkerLauncher[]): void {
    for (const { name, settings } of launchers) this.#driven.set(name, settings);
  }

  /** Brings what is driven in line with what is registered now; one call after the other. */
  follow(): Promise<void> {
    this.#following = this.#following
      .then(() => this.#follow())
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error }, "the registered runners could not be followed");
      });
    return this.#following;
  }

  async #follow(): Promise<void> {
    const { fleet, retire } = this.#parts;
    const supervisors = this.#parts.supervisors();
    const wanted = await this.launchers();
    for (const name of [...this.#driven.keys()]) {
      if (wanted.some((launcher) => launcher.name === name)) continue;
      this.#driven.delete(name);
      supervisors.remove(name);
      const link = fleet.named(name)?.link;
      if (link !== undefined) retire(link);
    }
    for (const launcher of wanted) {
      if (this.#driven.get(launcher.name) === launcher.settings) continue;
      this.#driven.set(launcher.name, launcher.settings);
      const link = fleet.named(launcher.name)?.link;
      supervisors.add(launcher, link);
      if (link !== undefined) retire(link);
    }
    await fleet.alsoSupervise([...this.#driven.keys()]);
    await this.#forgetEnded();
  }

  /** A runner that is not driven any more is forgotten once its driver has ended. */
  async #forgetEnded(): Promise<void> {
    const { fleet, log } = this.#parts;
    for (const { name, link } of fleet.members) {
      if (link !== undefined || !name.startsWith(PREFIX) || this.#driven.has(name)) continue;
      fleet.unsupervise(name);
      await fleet.forget(name).catch((error: unknown) => log.debug({ err: error }, "a runner stays known"));
    }
  }

  stop(): void {
    this.#stopListening();
  }
}
