/** A walk over a graph that needs no stack of its own, however long its chains are. */

interface Frame {
  readonly id: string;
  readonly sources: readonly string[];
  next: number;
}

/**
 * Works out the result of a node from the results of its sources, each once; `results` keeps them for the next call.
 * `make` gets `undefined` for a source that is still being worked on: the link closes a cycle.
 */
export function foldGraph<T>(
  id: string,
  results: Map<string, T>,
  sourcesOf: (id: string) => readonly string[],
  make: (id: string, resultOf: (source: string) => T | undefined) => T,
): T {
  const known = results.get(id);
  if (known !== undefined) return known;
  const open = new Set<string>([id]);
  const stack: Frame[] = [{ id, sources: sourcesOf(id), next: 0 }];
  const resultOf = (source: string): T | undefined => results.get(source);
  for (;;) {
    const frame = stack.at(-1) as Frame;
    const source = frame.sources[frame.next];
    if (source !== undefined) {
      frame.next += 1;
      if (results.has(source) || open.has(source)) continue;
      open.add(source);
      stack.push({ id: source, sources: sourcesOf(source), next: 0 });
      continue;
    }
    const result = make(frame.id, resultOf);
    results.set(frame.id, result);
    open.delete(frame.id);
    stack.pop();
    if (stack.length === 0) return result;
  }
}
