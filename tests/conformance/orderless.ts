/** Arrays whose order says nothing: every pattern needs a value of its own. */
import type { JsonValue } from "@hearth/protocol";
import { short } from "./json-values.ts";

/**
 * Assigns a value of its own to each pattern (bipartite matching by augmenting paths). With `exact`, no value may be
 * left over.
 */
export function orderless(
  patterns: readonly JsonValue[],
  values: JsonValue,
  matches: (pattern: JsonValue, value: JsonValue) => boolean,
  path: string,
  exact: boolean,
): string | undefined {
  if (!Array.isArray(values)) return `${path}: expected an array, got ${short(values)}`;
  if (exact && patterns.length !== values.length) {
    return `${path}: expected ${patterns.length} elements in any order, got ${values.length}: ${short(values)}`;
  }
  const fits = patterns.map((pattern) => values.map((value) => matches(pattern, value)));
  const owner = new Map<number, number>();
  const assign = (pattern: number, seen: Set<number>): boolean => {
    for (let index = 0; index < values.length; index += 1) {
      if (fits[pattern]?.[index] !== true || seen.has(index)) continue;
      seen.add(index);
      const other = owner.get(index);
      if (other === undefined || assign(other, seen)) {
        owner.set(index, pattern);
        return true;
      }
    }
    return false;
  };
  for (const [index, pattern] of patterns.entries()) {
    if (!assign(index, new Set())) return `${path}: no element fits ${short(pattern)} in ${short(values)}`;
  }
  return undefined;
}
