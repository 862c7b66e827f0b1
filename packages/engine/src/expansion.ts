/** Graphs that a node puts in its own place (section 6.6). */

/** A link into an expansion: `[node id, slot]`. */
export type GraphLink = [id: string, slot: number];

/** A result of an expanding node that another node will bring. */
export class OutputLink {
  readonly id: string;
  readonly slot: number;
  constructor(id: string, slot: number) {
    this.id = id;
    this.slot = slot;
  }
}

export interface ExpansionNode {
  readonly class_type: string;
  inputs: Record<string, unknown>;
  /** shown to clients in place of the new id */
  override_display_id?: string;
}

/** Node id → node. Ids are unique already (see `GraphBuilder`). */
export type ExpansionGraph = Record<string, ExpansionNode>;

/** Builds an expansion whose ids are unique: `<node id>.<call index>.<graph index>.<local id>`. */
export class GraphBuilder {
  readonly #prefix: string;
  readonly #nodes: ExpansionGraph = {};
  #counter = 0;
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Adds a node and returns a handle whose `out(slot)` is a link. */
  node(classType: string, inputs: Record<string, unknown> = {}, localId?: string): BuilderNode {
    this.#counter += 1;
    const id = `${this.#prefix}${localId ?? this.#counter}`;
    const node: ExpansionNode = { class_type: classType, inputs: { ...inputs } };
    this.#nodes[id] = node;
    return new BuilderNode(id, node);
  }

  lookup(localId: string): BuilderNode | undefined {
    const id = this.#prefix + localId;
    const node = this.#nodes[id];
    return node === undefined ? undefined : new BuilderNode(id, node);
  }

  build(): ExpansionGraph {
    return this.#nodes;
  }
}

export class BuilderNode {
  readonly id: string;
  readonly node: ExpansionNode;
  constructor(id: string, node: ExpansionNode) {
    this.id = id;
    this.node = node;
  }
  out(slot: number): GraphLink {
    return [this.id, slot];
  }
  set(name: string, value: unknown): void {
    this.node.inputs[name] = value;
  }
  displayAs(id: string): this {
    this.node.override_display_id = id;
    return this;
  }
}

/** True for a two-element list of node id and slot number. */
export function isLink(value: unknown): value is GraphLink {
  return (
    Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number"
  );
}

/**
 * The link that an input of a prompt holds, or `undefined` for a constant. Validation lets a slot of `true` pass as 1,
 * and Python counts negative slots from the end; `slotOf` resolves those.
 */
export function linkOf(value: unknown): GraphLink | undefined {
  if (isLink(value)) return value;
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== "string") return undefined;
  const slot: unknown = value[1];
  return typeof slot === "boolean" ? [value[0], Number(slot)] : undefined;
}

/** The index of a slot among `count` outputs; negative slots count from the end. */
export function slotOf(slot: number, count: number): number {
  return slot < 0 ? count + slot : slot;
}
