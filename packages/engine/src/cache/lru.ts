/** The LRU cache: the most recently used results stay across prompts. Section 6.11. */
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

  /** @param size results to keep; those of the current prompt stay in any case */
  constructor(size: number) {
    this.#size = size;
  }

  enter(scope: string, signatures: ReadonlySet<string>): void {
    if (scope === "") this.#generation += 1;
    for (const signature of signatures) this.#use(flatKey({ scope, signature }));
    // Results of one prompt go together, as in ComfyUI: half a prompt saves little. The map is in the order of use, so
    // the first entry is of the oldest prompt.
    let oldest: number | undefined;
    for (const [key, { generation }] of this.#entries) {
      if (generation === this.#generation) break;
      if (generation !== oldest && this.#entries.size <= this.#size) break;
      oldest = generation;
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
