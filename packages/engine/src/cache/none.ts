/** No cache: a result lives only as long as a node of its own prompt waits for it. */
import type { NodeResult, ResultCache } from "./result-cache.ts";

export class NoCache implements ResultCache {
  enter(): void {
    // Nothing is kept.
  }
  get(): NodeResult | undefined {
    return undefined;
  }
  set(): void {
    // The run holds what its waiting nodes need.
  }
  afterNode(): void {
    // Nothing is kept.
  }
  clear(): void {
    // Nothing is kept.
  }
}
