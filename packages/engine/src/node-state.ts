/** What nodes keep between prompts: the fields of an instance in ComfyUI. */

const SEPARATOR = "\u0000";

export class NodeStates {
  /** node of the submitted prompt and its class → node and class → state */
  readonly #owners = new Map<string, Map<string, Map<string, unknown>>>();

  /** Forgets the state of nodes that the new prompt does not have with the same class. */
  enter(nodes: ReadonlyMap<string, string>): void {
    if (this.#owners.size === 0) return;
    const present = new Set([...nodes].map(([id, className]) => id + SEPARATOR + className));
    for (const owner of this.#owners.keys()) if (!present.has(owner)) this.#owners.delete(owner);
  }

  /** The state of a node; that of an ephemeral node lives as long as the real node behind it. */
  of(realId: string, realClass: string, id: string, className: string): Map<string, unknown> {
    const owner = realId + SEPARATOR + realClass;
    let states = this.#owners.get(owner);
    if (states === undefined) {
      states = new Map();
      this.#owners.set(owner, states);
    }
    const key = id + SEPARATOR + className;
    let state = states.get(key);
    if (state === undefined) {
      state = new Map();
      states.set(key, state);
    }
    return state;
  }

  clear(): void {
    this.#owners.clear();
  }
}
