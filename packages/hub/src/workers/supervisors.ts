/** The workers that this hub starts itself, each with a supervisor of its own. Some come and go while it runs. */
import type { Logger } from "pino";
import { type WorkerLauncher, WorkerSupervisor } from "../link/supervisor.ts";
import type { WorkerLink } from "../link/worker-link.ts";

interface Supervised {
  readonly launcher: WorkerLauncher;
  readonly supervisor: WorkerSupervisor;
}

export class Supervisors {
  readonly #all = new Map<string, Supervised>();
  readonly #pids = new Map<string, number>();
  readonly #log: Logger;
  readonly #noted: () => void;

  /** `noted` is called whenever the process ids are others. */
  constructor(launchers: readonly WorkerLauncher[], log: Logger, noted: () => void) {
    this.#log = log;
    this.#noted = noted;
    for (const launcher of launchers) this.#add(launcher);
  }

  /** Process ids by the name of the worker. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#pids);
  }

  has(name: string): boolean {
    return this.#all.has(name);
  }

  /** Starts them, or takes over the processes that the last hub left behind. */
  begin(leftBehind: Readonly<Record<string, number>>): void {
    for (const [name, { supervisor }] of this.#all) supervisor.begin(leftBehind[name]);
  }

  /**
   * Starts one more worker, or the same with other settings. One that is connected under its name is the caller's to
   * retire: the new one is started when that has ended.
   */
  add(launcher: WorkerLauncher, connected: WorkerLink | undefined): void {
    this.#all.get(launcher.name)?.supervisor.stop();
    const supervisor = this.#add(launcher);
    if (connected === undefined) supervisor.begin(undefined);
    else supervisor.joined(connected.pid);
  }

  /** Starts this worker no more. */
  remove(name: string): void {
    this.#all.get(name)?.supervisor.stop();
    this.#all.delete(name);
    this.#pids.delete(name);
    this.#noted();
  }

  #add(launcher: WorkerLauncher): WorkerSupervisor {
    const { name } = launcher;
    const note = (pid: number | undefined): void => {
      if (pid === undefined) this.#pids.delete(name);
      else this.#pids.set(name, pid);
      this.#noted();
    };
    const supervisor = new WorkerSupervisor(launcher, this.#log, note);
    this.#all.set(name, { launcher, supervisor });
    return supervisor;
  }

  joined(link: WorkerLink): void {
    if (!link.isRemote) this.#all.get(link.name)?.supervisor.joined(link.pid);
  }

  lost(link: WorkerLink): void {
    if (!link.isRemote) this.#all.get(link.name)?.supervisor.lost(link.pid);
  }

  /** False for a worker of this machine that was started with other settings than are wanted now, or is not wanted. */
  suits(link: WorkerLink): boolean {
    return link.isRemote || this.#all.get(link.name)?.launcher.settings === link.settings;
  }

  stop(): void {
    for (const { supervisor } of this.#all.values()) supervisor.stop();
  }
}
