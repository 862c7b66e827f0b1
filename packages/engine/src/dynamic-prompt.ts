/** The prompt as it is now: the submitted nodes, and the ephemeral ones that expansions added. */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import { DuplicateNodeError } from "./errors.ts";
import type { DynamicPrompt } from "./node-class.ts";

/** A node of the graph; inputs of ephemeral nodes may hold any value. */
export interface GraphNode {
  readonly classType: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Ephemeral {
  readonly node: JsonObject;
  readonly parent: string;
  readonly display: string;
}

export class PromptGraph implements DynamicPrompt {
  readonly #original: JsonObject;
  readonly #ephemeral = new Map<string, Ephemeral>();
  readonly #nodes = new Map<string, GraphNode>();

  constructor(original: JsonObject) {
    this.#original = original;
  }

  /** Adds a node of an expansion. @throws DuplicateNodeError */
  addEphemeral(id: string, node: JsonObject, parent: string, display: string): void {
    if (this.hasNode(id)) throw new DuplicateNodeError(id);
    this.#ephemeral.set(id, { node, parent, display });
  }

  /** @throws RangeError when there is no such node */
  getNode(id: string): JsonObject {
    const node =
      this.#ephemeral.get(id)?.node ?? (Object.hasOwn(this.#original, id) ? this.#original[id] : undefined);
    if (!isJsonObject(node)) throw new RangeError(`Node ${id} not found`);
    return node;
  }

  /** Class and inputs of a node, or `undefined` where there is none. */
  find(id: string): GraphNode | undefined {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    if (!this.hasNode(id)) return undefined;
    const { class_type, inputs } = this.getNode(id);
    const node = { classType: String(class_type), inputs: isJsonObject(inputs) ? inputs : {} };
    this.#nodes.set(id, node);
    return node;
  }

  hasNode(id: string): boolean {
    return this.#ephemeral.has(id) || (Object.hasOwn(this.#original, id) && isJsonObject(this.#original[id]));
  }

  allNodeIds(): string[] {
    return [...Object.keys(this.#original), ...this.#ephemeral.keys()];
  }

  parentOf(id: string): string | undefined {
    return this.#ephemeral.get(id)?.parent;
  }

  /** The node that clients show in its place: overrides and parents are followed to the submitted prompt. */
  displayIdOf(id: string): string {
    let shown = id;
    for (let step = this.#ephemeral.get(shown); step !== undefined; step = this.#ephemeral.get(shown)) {
      // A node that names itself would be followed for ever.
      shown = step.display === shown ? step.parent : step.display;
    }
    return shown;
  }

  /** The node of the submitted prompt behind an ephemeral id. */
  realIdOf(id: string): string {
    let real = id;
    for (let step = this.#ephemeral.get(real); step !== undefined; step = this.#ephemeral.get(real))
      real = step.parent;
    return real;
  }

  original(): JsonObject {
    return this.#original;
  }
}
