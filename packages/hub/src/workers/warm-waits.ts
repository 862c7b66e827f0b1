/**
 * Since when jobs are left to workers that hold their models. Loading a large model takes longer than waiting a little;
 * but nobody waits for ever, and no worker stands idle for ever beside a queue.
 */

/** So long a job is left to a busy worker that is warm for it. */
export const WARM_WAIT_MS = 20_000;
/** A wait that nobody was left for in so long is over: the next one begins anew. */
const STALE_MS = 30_000;
const MOST = 10_000;

interface Wait {
  readonly since: number;
  readonly worker: string;
  last: number;
}

export class WarmWaits {
  /** by needs: jobs with the same needs wait together, since one follows the other at the head of the queue */
  readonly #waits = new Map<string, Wait>();

  /**
   * Leaves a job with these needs to a busy worker. False: such jobs have been left for long enough, and this one is
   * to be taken.
   */
  leave(needs: string, worker: string, now: number): boolean {
    const wait = this.#waits.get(needs);
    if (wait === undefined || now - wait.last > STALE_MS) {
      this.#waits.delete(needs);
      if (this.#waits.size >= MOST) this.#waits.delete(this.#waits.keys().next().value as string);
      this.#waits.set(needs, { since: now, worker, last: now });
      return true;
    }
    if (now - wait.since >= WARM_WAIT_MS) return false;
    wait.last = now;
    return true;
  }

  /** A worker that was not warm took a job with these needs: the next is left anew. */
  end(needs: string): void {
    this.#waits.delete(needs);
  }

  /** When the first of those that wait has waited long enough: somebody has to ask again then. `undefined`: none waits. */
  dueAt(now: number): number | undefined {
    let due: number | undefined;
    for (const { since, last } of this.#waits.values()) {
      if (now - last > STALE_MS) continue;
      due = Math.min(due ?? Number.POSITIVE_INFINITY, since + WARM_WAIT_MS);
    }
    return due;
  }
}
