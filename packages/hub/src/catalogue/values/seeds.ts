/** The seeds of one run: what was asked for becomes numbers, and the numbers are noted, so that a retry uses them again. */
import { randomBytes } from "node:crypto";
import { isNumeric, type JsonObject, type JsonValue, toNumber } from "@hearth/protocol";
import { RANDOM_SEED } from "./kinds.ts";

/** Random seeds stay below 2^53, so that JavaScript keeps them exact. */
const RANDOM_BELOW = 2n ** 53n;
const SEEDS = 2n ** 64n;

/** A random integer from 0 to 2^53−1. */
export function randomSeed(): number {
  return Number(randomBytes(8).readBigUInt64BE() % RANDOM_BELOW);
}

export class Seeds {
  readonly #known: JsonObject;
  readonly #random: () => number;
  readonly #used: JsonObject = {};

  /**
   * @param known numbers of an earlier run, which win over everything
   * @param random draws a seed
   */
  constructor(known: JsonObject = {}, random: () => number = randomSeed) {
    this.#known = known;
    this.#random = random;
  }

  /** All seeds that were resolved, by name. */
  get used(): JsonObject {
    return { ...this.#used };
  }

  /** The number of the seed `name`: the earlier one, `given`, or a random one for -1. Asked again, it is the same. */
  resolve(name: string, given: JsonValue): number | bigint {
    const before = this.#used[name] ?? this.#known[name];
    const value = isSeed(before)
      ? before
      : this.#isRandom(given)
        ? this.#random()
        : (given as number | bigint);
    this.#used[name] = value;
    return value;
  }

  /** The seed of repetition `index` (from 0): one more each time, so that a batch can be made again from its first. */
  stepped(name: string, base: number | bigint, index: number): number | bigint {
    const next = (BigInt(base) + BigInt(index)) % SEEDS;
    return this.resolve(name, next < RANDOM_BELOW ? Number(next) : next);
  }

  #isRandom(given: JsonValue): boolean {
    return !isNumeric(given) || toNumber(given) === RANDOM_SEED;
  }
}

function isSeed(value: JsonValue | undefined): value is number | bigint {
  return (typeof value === "number" || typeof value === "bigint") && value >= 0;
}
