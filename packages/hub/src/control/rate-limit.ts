/** How many requests a caller may make: one key at one address. */

interface Window {
  /** when it began */
  readonly since: number;
  count: number;
}

export class RateLimit {
  readonly #requests: number;
  readonly #windowMs: number;
  readonly #windows = new Map<string, Window>();

  /** `requests` within `windowMs`; 0: no limit */
  constructor(requests: number, windowMs: number) {
    this.#requests = requests;
    this.#windowMs = windowMs;
  }

  /** Counts a request. Gives the seconds after which the caller may come again; 0: it may now. */
  take(caller: string, now = performance.now()): number {
    if (this.#requests === 0) return 0;
    let window = this.#windows.get(caller);
    if (window === undefined || now - window.since >= this.#windowMs) {
      this.#forget(now);
      window = { since: now, count: 0 };
      this.#windows.set(caller, window);
    }
    window.count += 1;
    if (window.count <= this.#requests) return 0;
    return Math.max(1, Math.ceil((window.since + this.#windowMs - now) / 1000));
  }

  /** Windows are kept in the order in which they began. */
  #forget(now: number): void {
    for (const [caller, { since }] of this.#windows) {
      if (now - since < this.#windowMs) return;
      this.#windows.delete(caller);
    }
  }
}
