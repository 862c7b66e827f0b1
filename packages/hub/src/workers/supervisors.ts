/** The workers that this hub starts itself, each with a supervisor of its own. */
import type { Logger } from "pino";
import { type WorkerLauncher, WorkerSupervisor } from "../link/supervisor.ts";
import type { WorkerLink } from "../link/worker-link.ts";

export class Supervisors {
  readonly #launchers: ReadonlyMap<string, WorkerLauncher>;
  readonly #supervisors: ReadonlyMap<string, WorkerSupervisor>;
  readonly #pids = new Map<string, number>();

  /** `noted` is called whenever the process ids are others. */
  constructor(launchers: readonly WorkerLauncher[], log: Logger, noted: () => void) {
    this.#launchers = new Map(launchers.map((launcher) => [launcher.name, launcher]));
    this.#supervisors = new Map(
      launchers.map((launcher) => {
        const note = (pid: number | undefined): void => {
          if (pid === undefined) this.#pids.delete(launcher.name);
          else this.#pids.set(launcher.name, pid);
          noted();
        };
        return [launcher.name, new WorkerSupervisor(launcher, log, note)];
      }),
    );
  }

  /** Process ids by the name of the worker. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pids);
  }

  /** Starts them, or takes over the processes that the last hub left behind. */
  begin(leftBehind: Readonly<Record<string, number>>): void {
    for (const [name, supervisor] of this.#supervisors) supervisor.begin(leftBehind[name]);
  }

  joined(link: WorkerLink): void {
    if (!link.isRemote) this.#supervisors.get(link.name)?.joined(link.pid);
  }

  lost(link: WorkerLink): void {
    if (!link.isRemote) this.#supervisors.get(link.name)?.lost(link.pid);
  }

  /** False for a worker of this machine that was started with other settings than are wanted now, or is not wanted. */
  suits(link: WorkerLink): boolean {
    return link.isRemote || this.#launchers.get(link.name)?.settings === link.settings;
  }

  stop(): void {
    for (const supervisor of this.#supervisors.values()) supervisor.stop();
  }
}
