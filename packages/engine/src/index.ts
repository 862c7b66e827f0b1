export { availableMemory, byteSize } from "./cache/memory.ts";
export type { CacheMode } from "./cache/result-cache.ts";
export { Engine, type EngineOptions } from "./engine.ts";
export * from "./errors.ts";
export * from "./expansion.ts";
export * from "./node-class.ts";
export { NodeRegistry } from "./node-registry.ts";
export { callValidator } from "./validator.ts";
