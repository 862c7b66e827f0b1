/** Slows down who guesses keys: after a few wrong ones, an address is not listened to for a while. */

const WRONG_KEYS = 10;
const WINDOW_MS = 60_000;
/** More addresses than this are not remembered: the oldest are forgotten first. */
const MAX_ADDRESSES = 10_000;

export class Throttle {
  readonly #now: () => number;
  /** wrong keys of an address since `since` */
  readonly #wrong = new Map<string, { since: number; count: number }>();

  /** `now`: milliseconds of any clock that does not go back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many seconds an address has to wait before its next key is looked at; 0: none. */
  waitSeconds(address: string): number {
    const wrong = this.#wrong.get(address);
    if (wrong === undefined || wrong.count < WRONG_KEYS) return 0;
    return Math.max(0, Math.ceil((wrong.since + WINDOW_MS - this.#now()) / 1000));
  }

  /** A wrong key came from this address. */
  failed(address: string): void {
    const now = this.#now();
    const wrong = this.#wrong.get(address);
    if (wrong !== undefined && now - wrong.since < WINDOW_MS) {
      wrong.count += 1;
      return;
    }
    this.#wrong.delete(address);
    this.#wrong.set(address, { since: now, count: 1 });
    if (this.#wrong.size > MAX_ADDRESSES) {
      for (const oldest of this.#wrong.keys()) {
        this.#wrong.delete(oldest);
        break;
      }
    }
  }

  /** The right key came: what was wrong before is forgotten. */
  passed(address: string): void {
    this.#wrong.delete(address);
  }
}
