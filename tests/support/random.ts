/** Numbers that look random and are the same for the same seed. */

/** A small generator (mulberry32): 0 ≤ x < 1. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class Random {
  /** 0 ≤ value < 1 */
  readonly next: () => number;

  /** Requests are numbered, and each has a source of its own: so one of them can be sent again alone. */
  constructor(seed: number, index = 0) {
    this.next = generator(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
  }

  /** An integer, 0 ≤ value < bound. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}
