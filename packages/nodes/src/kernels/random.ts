/**
 * The random numbers of torch's CPU generator, so that equal seeds give equal noise (section 8.1).
 * Mersenne Twister MT19937: Matsumoto and Nishimura, ACM TOMACS 8 (1998).
 */
import { floats } from "../sdk/index.ts";

const SIZE = 624;
const SHIFT = 397;

export class Mt19937 {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;
  /** the second normal of a pair that was not used yet */
  #spare: number | undefined;

  /** Only the low 32 bits of the seed count. */
  constructor(seed: number | bigint) {
    let value = Number(BigInt.asUintN(32, BigInt(seed)));
    for (let index = 0; index < SIZE; index += 1) {
      if (index > 0) value = (Math.imul(1812433253, value ^ (value >>> 30)) + index) >>> 0;
      this.#state[index] = value;
    }
  }

  /** 32 random bits. */
  nextUint32(): number {
    if (this.#at === SIZE) this.#twist();
    let y = this.#state[this.#at] ?? 0;
    this.#at += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A float32 in [0, 1). */
  nextFloat(): number {
    return (this.nextUint32() & 0xffffff) / 0x1000000;
  }

  /** A double in [0, 1) of 53 bits: the low 21 bits of one word, and the next word. */
  nextDouble(): number {
    const high = this.nextUint32() & 0x1fffff;
    return (high * 0x100000000 + this.nextUint32()) / 2 ** 53;
  }

  /**
   * Standard normal numbers, as `torch.randn` on the CPU: from 16 on in blocks of 16, fewer one by one (Box–Muller).
   */
  normals(count: number): Float32Array {
    const out = floats(count);
    if (count < 16) {
      for (let index = 0; index < count; index += 1) out[index] = this.#nextNormal();
      return out;
    }
    for (let index = 0; index < count; index += 1) out[index] = this.nextFloat();
    for (let start = 0; start + 16 <= count; start += 16) boxMuller(out, start);
    if (count % 16 !== 0) {
      // The last block overlaps the one before, with fresh numbers.
      for (let index = count - 16; index < count; index += 1) out[index] = this.nextFloat();
      boxMuller(out, count - 16);
    }
    return out;
  }

  #nextNormal(): number {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const angle = 2 * Math.PI * this.nextDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.nextDouble()));
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  #twist(): void {
    const state = this.#state;
    for (let index = 0; index < SIZE; index += 1) {
      const y = ((state[index] ?? 0) & 0x80000000) | ((state[(index + 1) % SIZE] ?? 0) & 0x7fffffff);
      const next = (state[(index + SHIFT) % SIZE] ?? 0) ^ (y >>> 1);
      state[index] = (y & 1) === 1 ? next ^ 0x9908b0df : next;
    }
    this.#at = 0;
  }
}

/** Turns 16 uniform numbers into normal ones, the j-th together with the one eight places on. */
function boxMuller(data: Float32Array, start: number): void {
  for (let index = start; index < start + 8; index += 1) {
    const radius = Math.sqrt(-2 * Math.log(1 - (data[index] ?? 0)));
    const angle = 2 * Math.PI * (data[index + 8] ?? 0);
    data[index] = radius * Math.cos(angle);
    data[index + 8] = radius * Math.sin(angle);
  }
}
