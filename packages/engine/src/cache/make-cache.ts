/** The cache of a mode. */
import { ClassicCache } from "./classic.ts";
import { LruCache } from "./lru.ts";
import { NoCache } from "./none.ts";
import { RamCache } from "./ram.ts";
import type { CacheMode, ResultCache } from "./result-cache.ts";

/** `availableMemory` measures what is left in bytes (mode `ram` only). */
export function makeCache(mode: CacheMode, availableMemory?: () => number): ResultCache {
  switch (mode.kind) {
    case "classic":
      return new ClassicCache();
    case "lru":
      return new LruCache(mode.size);
    case "none":
      return new NoCache();
    case "ram":
      return new RamCache(mode, availableMemory);
  }
}
