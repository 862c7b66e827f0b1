/** The newest events in memory, found by their sequence numbers. */

export interface Numbered {
  /** absent: it could not be written, and only who listened heard it */
  readonly seq?: number | undefined;
}

/** Keeps the newest `capacity` items, oldest first. */
export class Ring<T extends Numbered> {
  readonly #capacity: number;
  /** twice the capacity at most, so that dropping the oldest costs nothing per item */
  #items: T[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(item: T): void {
    this.#items.push(item);
    if (this.#items.length >= 2 * this.#capacity) this.#items = this.#items.slice(-this.#capacity);
  }

  /** All that the ring holds, oldest first. */
  items(): readonly T[] {
    return this.#items.length <= this.#capacity ? this.#items : this.#items.slice(-this.#capacity);
  }

  /**
   * At most `limit` items after a sequence number, oldest first; undefined when some of them may have left the ring.
   */
  after(seq: number, limit: number): T[] | undefined {
    const numbered = this.#items;
    const first = numbered.find((item) => item.seq !== undefined)?.seq;
    if (first === undefined || seq < first - 1) return undefined;
    let low = numbered.length;
    while (low > 0 && (numbered[low - 1]?.seq ?? Infinity) > seq) low -= 1;
    return numbered
      .slice(low)
      .filter((item) => item.seq !== undefined)
      .slice(0, limit);
  }
}
