/** Measuring memory: what is available, and what a result holds. */
import { freemem } from "node:os";

/**
 * Bytes that this process can still take: the smaller of the system's available memory (`MemAvailable`) and what its
 * control group leaves (`memory.max` less what is in use).
 */
export function availableMemory(): number {
  return Math.min(freemem(), process.availableMemory());
}

/** Bytes of the arrays that a value holds, each buffer once, however the value is nested. */
export function byteSize(value: unknown): number {
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  let bytes = 0;
  while (waiting.length > 0) {
    const item = waiting.pop();
    if (typeof item === "string") bytes += item.length;
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (ArrayBuffer.isView(item)) waiting.push(item.buffer);
    else if (item instanceof ArrayBuffer || item instanceof SharedArrayBuffer) bytes += item.byteLength;
    else if (Array.isArray(item)) for (const element of item) waiting.push(element);
    else if (item instanceof Map) for (const [key, element] of item) waiting.push(key, element);
    else if (item instanceof Set) for (const element of item) waiting.push(element);
    else for (const element of Object.values(item)) waiting.push(element);
  }
  return bytes;
}
