/** The RAM cache: results stay across prompts until memory gets short; the largest and oldest go first. */
import { totalmem } from "node:os";
import { availableMemory, byteSize } from "./memory.ts";
import { flatKey, type CacheKey, type NodeResult, type ResultCache } from "./result-cache.ts";

/** Results of the current prompt from this size on are given up before its others. */
const LARGE = 512 * 1024 * 1024;
/** Results of the current prompt that hold less than this together are not worth a measurement. */
const WORTH_MEASURING = 1024 * 1024;

interface Entry {
  readonly result: NodeResult;
  readonly bytes: number;
  generation: number;
  used: number;
}

export interface RamThresholds {
  /** results of the current prompt are given up while less than this is available, in bytes */
  readonly activeBytes: number;
  /** results of other prompts are given up while less than this is available, in bytes */
  readonly inactiveBytes: number;
}

export class RamCache implements ResultCache {
  readonly #thresholds: RamThresholds;
  readonly #available: () => number;
  readonly #total: number;
  readonly #entries = new Map<string, Entry>();
  #generation = 0;
  #clock = 0;
  #inactive = 0;
  #activeSize = 0;

  /** `available` measures the memory that is left, in bytes. */
  constructor(
    thresholds: RamThresholds,
    available: () => number = availableMemory,
    total: number = totalmem(),
  ) {
    this.#thresholds = thresholds;
    this.#available = available;
    this.#total = total;
  }

  enter(scope: string, signatures: ReadonlySet<string>): void {
    if (scope === "") {
      this.#generation += 1;
      this.#activeSize = 0;
      this.#inactive = this.#entries.size;
    }
    for (const signature of signatures) this.#use(flatKey({ scope, signature }));
  }

  get(key: CacheKey): NodeResult | undefined {
    return this.#use(flatKey(key))?.result;
  }

  set(key: CacheKey, result: NodeResult): void {
    const flat = flatKey(key);
    this.#forget(flat, this.#entries.get(flat));
    this.#clock += 1;
    const entry = {
      result,
      bytes: byteSize(result.outputs),
      generation: this.#generation,
      used: this.#clock,
    };
    this.#entries.set(flat, entry);
    this.#activeSize += entry.bytes;
  }

  afterNode(): void {
    const { activeBytes, inactiveBytes } = this.#thresholds;
    const inactive = this.#inactive > 0 && inactiveBytes > 0;
    const active = activeBytes > 0 && this.#activeSize >= WORTH_MEASURING;
    if (!inactive && !active) return;
    // With a threshold of all memory there is never enough: the costly measurement is not needed.
    let available = !active && inactiveBytes >= this.#total ? 0 : this.#available();
    if (inactive)
      available = this.#evict(available, inactiveBytes, (entry) => entry.generation !== this.#generation);
    if (!active) return;
    available = this.#evict(available, activeBytes, (entry) => entry.bytes >= LARGE);
    this.#evict(available, activeBytes, () => true);
  }

  clear(): void {
    this.#entries.clear();
    this.#inactive = 0;
    this.#activeSize = 0;
  }

  /**
   * Gives up results that `may` go, until `wanted` bytes are available. Freed memory counts at once: the collector
   * returns it later, and measuring again before that would empty the cache.
   */
  #evict(available: number, wanted: number, may: (entry: Entry) => boolean): number {
    if (available >= wanted) return available;
    const candidates = [...this.#entries].filter(([, entry]) => may(entry));
    candidates.sort(([, a], [, b]) => b.bytes - a.bytes || a.used - b.used);
    let left = available;
    for (const [key, entry] of candidates) {
      if (left >= wanted) break;
      this.#forget(key, entry);
      if (wanted < this.#total) left += entry.bytes;
    }
    return left;
  }

  #use(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#clock += 1;
    entry.used = this.#clock;
    if (entry.generation !== this.#generation) {
      entry.generation = this.#generation;
      this.#inactive -= 1;
      this.#activeSize += entry.bytes;
    }
    return entry;
  }

  #forget(key: string, entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#entries.delete(key);
    if (entry.generation === this.#generation) this.#activeSize -= entry.bytes;
    else this.#inactive -= 1;
  }
}
