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
  /** jobs that a worker had ended at the last look, and since when it is idle; absent: it has run nothing since it was told */
  readonly #seen = new Map<WorkerLink, { readonly ended: number; readonly idleSince: number | undefined }>();

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
    for (const { link, running, completed, failed } of this.#parts.members()) {
      if (link === undefined) continue;
      standing.add(link);
      const ended = completed + failed;
      const seen = this.#seen.get(link);
      // A short job begins and ends between two looks.
      const hasRun = running.size > 0 || ended !== (seen?.ended ?? ended);
      const idleSince = hasRun ? now : seen?.idleSince;
      const isTold = !hasRun && idleSince !== undefined && now - idleSince >= this.#parts.afterMs;
      if (isTold) link.send({ type: "free", unloadModels: true, freeMemory: true });
      this.#seen.set(link, { ended, idleSince: isTold ? undefined : idleSince });
    }
    for (const link of this.#seen.keys()) if (!standing.has(link)) this.#seen.delete(link);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
