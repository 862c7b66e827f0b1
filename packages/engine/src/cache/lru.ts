/** The LRU cache: the most recently used results stay across prompts. */
import { flatKey, type CacheKey, type NodeResult, type ResultCache } from "./result-cache.ts";

interface Entry {
  readonly result: NodeResult;
  generation: number;
}

export class LruCache implements ResultCache {
  readonly #size: number;
  /** oldest use first */
  readonly #entries = new Map<string, Entry>();
  #generation = 0;

  /** @param size results to keep beyond those of the current prompt */
  constructor(size: number) {
    this.#size = size;
  }

  enter(scope: string, signatures: ReadonlySet<string>): void {
    if (scope === "") this.#generation += 1;
    for (const signature of signatures) this.#use(flatKey({ scope, signature }));
    // The current prompt's results are at the end of the map: the first of them ends the search.
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#size || entry.generation === this.#generation) break;
      this.#entries.delete(key);
    }
  }

  get(key: CacheKey): NodeResult | undefined {
    return this.#use(flatKey(key));
  }

  set(key: CacheKey, result: NodeResult): void {
    const flat = flatKey(key);
    this.#entries.delete(flat);
    this.#entries.set(flat, { result, generation: this.#generation });
  }

  afterNode(): void {
    // The bound is applied when the next prompt begins.
  }

  clear(): void {
    this.#entries.clear();
  }

  #use(key: string): NodeResult | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.generation = this.#generation;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.result;
  }
}
