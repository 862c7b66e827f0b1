/** Links between nodes: `[node id, slot]`. */

/**
 * The link that an input's value is, or `undefined` for a constant. A slot of `true` counts as 1, because Python's
 * booleans are integers.
 */
export function linkOf(value: unknown): readonly [id: string, slot: number] | undefined {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== "string") return undefined;
  const slot: unknown = value[1];
  if (typeof slot === "number") return [value[0], slot];
  return typeof slot === "boolean" ? [value[0], Number(slot)] : undefined;
}

/** Ids of the nodes that these inputs link to, as often as they do. */
export function sourcesIn(inputs: Readonly<Record<string, unknown>>): string[] {
  const sources: string[] = [];
  for (const value of Object.values(inputs)) {
    const link = linkOf(value);
    if (link !== undefined) sources.push(link[0]);
  }
  return sources;
}
