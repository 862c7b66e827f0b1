/** Results that nodes of this run wait for; they survive any eviction until the last of these nodes ran. */
import type { NodeResult } from "./cache/result-cache.ts";

interface Held {
  readonly result: NodeResult;
  holders: number;
}

export class HeldResults {
  readonly #held = new Map<string, Held>();

  get(id: string): NodeResult | undefined {
    return this.#held.get(id)?.result;
  }

  /** Holds a result once more, for `holders` further nodes. */
  hold(id: string, result: NodeResult, holders = 1): void {
    const held = this.#held.get(id);
    if (held !== undefined) held.holders += holders;
    else if (holders > 0) this.#held.set(id, { result, holders });
  }

  release(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.holders -= 1;
    if (held.holders === 0) this.#held.delete(id);
  }
}
