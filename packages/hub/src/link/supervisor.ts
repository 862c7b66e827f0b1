/**
 * Keeps one worker of this machine alive: takes over the one that a dead hub left behind, starts one where there is none, and
 * starts it again when it dies.
 */
import { randomBytes } from "node:crypto";
import type { Logger } from "pino";
import { isAlive } from "./process-alive.ts";

/** How a worker process is started; the command line hands it in, so that the hub does not know what a worker is. */
export interface WorkerLauncher {
  /** of the worker, whichever process it is */
  readonly name: string;
  /** digest of the settings that a worker is started with */
  readonly settings: string;
  start(workerId: string): {
    readonly pid: number;
    readonly ended: Promise<{ code: number | null; signal: string | null }>;
  };
}

/** A worker of the last hub dials within half a second; longer than this nobody waits for it. */
const ADOPT_MS = 1_500;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;
/** A worker that lived this long did start properly: the next death begins a new series. */
const SETTLED_MS = 30_000;

export class WorkerSupervisor {
  readonly #launcher: WorkerLauncher;
  readonly #log: Logger;
  readonly #onPid: (pid: number | undefined) => void;
  #connected = new Set<number>();
  #backoff = FIRST_BACKOFF_MS;
  #starting = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  /** process id of the worker that was started last */
  #latest: number | undefined;
  /** A restarted hub may have the process id of the one before, whose workers are still there. */
  readonly #mark = randomBytes(4).toString("hex");

  constructor(launcher: WorkerLauncher, log: Logger, onPid: (pid: number | undefined) => void) {
    this.#launcher = launcher;
    this.#log = log;
    this.#onPid = onPid;
  }

  /** `leftBehind`: process id of the last hub's worker, if it was noted. */
  begin(leftBehind: number | undefined): void {
    if (leftBehind !== undefined && isAlive(leftBehind)) {
      this.#timer = setTimeout(() => this.#ensure(), ADOPT_MS);
    } else this.#ensure();
  }

  joined(pid: number): void {
    this.#connected.add(pid);
    this.#onPid(pid);
    this.#starting = false;
  }

  lost(pid: number): void {
    this.#connected.delete(pid);
    if (this.#stopped || this.#connected.size > 0) return;
    // A worker whose link broke dials again at once; only a dead one is replaced now.
    if (isAlive(pid)) this.#timer = setTimeout(() => this.#ensure(), ADOPT_MS);
    else this.#ensure();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #ensure(): void {
    if (this.#stopped || this.#starting || this.#connected.size > 0) return;
    this.#starting = true;
    this.#count += 1;
    const startedAt = performance.now();
    const child = this.#launcher.start(`${this.#launcher.name}:${this.#mark}-${this.#count}`);
    this.#log.debug({ pid: child.pid }, "worker started");
    this.#latest = child.pid;
    void child.ended.then(({ code, signal }) => {
      // Its link broke before its end was known, and another has taken its place.
      if (this.#latest !== child.pid) return;
      this.#starting = false;
      if (this.#stopped || this.#connected.size > 0) return;
      if (performance.now() - startedAt > SETTLED_MS) this.#backoff = FIRST_BACKOFF_MS;
      this.#log.warn({ pid: child.pid, code, signal }, "worker ended; starting another");
      this.#timer = setTimeout(() => this.#ensure(), this.#backoff);
      this.#backoff = Math.min(this.#backoff * 2, LONGEST_BACKOFF_MS);
    });
  }
}
