/** Tells idle workers to free their memory, once, after they have had nothing to do for a while. */
import type { WorkerLink } from "../link/worker-link.ts";
import type { Member } from "./member.ts";

const LONGEST_LOOK_MS = 30_000;

export interface IdleMemoryParts {
  readonly members: () => readonly Member[];
  /** 0: never */
  readonly afterMs: number;
  /** milliseconds of a steady clock */
  readonly now?: () => number;
}

export class IdleMemory {
  readonly #parts: IdleMemoryParts;
  readonly #timer: NodeJS.Timeout | undefined;
  /** since when a worker that has run something is idle; absent: it has run nothing since it was told */
  readonly #idleSince = new Map<WorkerLink, number>();

  constructor(parts: IdleMemoryParts) {
    this.#parts = parts;
    if (parts.afterMs <= 0) return;
    this.#timer = setInterval(() => this.look(), Math.min(LONGEST_LOOK_MS, parts.afterMs / 2));
    this.#timer.unref();
  }

  /** Notes who works, and tells those that have been idle for long enough. */
  look(): void {
    const now = (this.#parts.now ?? performance.now.bind(performance))();
    const standing = new Set<WorkerLink>();
    for (const { link, running } of this.#parts.members()) {
      if (link === undefined) continue;
      standing.add(link);
      const since = this.#idleSince.get(link);
      if (running.size > 0) this.#idleSince.set(link, now);
      else if (since !== undefined && now - since >= this.#parts.afterMs) {
        this.#idleSince.delete(link);
        link.send({ type: "free", unloadModels: true, freeMemory: true });
      }
    }
    for (const link of this.#idleSince.keys()) if (!standing.has(link)) this.#idleSince.delete(link);
  }

  /** A job has begun on this worker. */
  used(link: WorkerLink): void {
    this.#idleSince.set(link, (this.#parts.now ?? performance.now.bind(performance))());
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
