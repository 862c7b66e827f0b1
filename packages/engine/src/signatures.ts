/** Cache keys of the nodes of one run, also of those that expansions add. */
import { SignatureBuilder } from "@hearth/graph";
import type { JsonValue } from "@hearth/protocol";
import { innerScope, type CacheKey, type ResultCache } from "./cache/result-cache.ts";
import { changeTokenOf, UNCHANGED } from "./change-tokens.ts";
import { seesItsId } from "./declared-inputs.ts";
import type { PromptGraph } from "./dynamic-prompt.ts";
import type { ValidationFolders } from "./node-class.ts";
import type { NodeRegistry } from "./node-registry.ts";

export class NodeKeys {
  readonly #graph: PromptGraph;
  readonly #registry: NodeRegistry;
  readonly #folders: ValidationFolders;
  readonly #cache: ResultCache;
  readonly #tokens = new Map<string, JsonValue>();
  readonly #keys = new Map<string, CacheKey>();
  readonly #builder: SignatureBuilder;

  constructor(graph: PromptGraph, registry: NodeRegistry, folders: ValidationFolders, cache: ResultCache) {
    this.#graph = graph;
    this.#registry = registry;
    this.#folders = folders;
    this.#cache = cache;
    this.#builder = new SignatureBuilder({
      node: (id) => {
        const node = graph.find(id);
        return node === undefined ? undefined : { class_type: node.classType, inputs: node.inputs };
      },
      changeToken: (id) => this.#tokens.get(id) ?? UNCHANGED,
      idCounts: (id) => {
        const cls = registry.get(graph.find(id)?.classType ?? "");
        return cls !== undefined && (cls.notIdempotent || seesItsId(cls.info));
      },
    });
  }

  /** Works out the keys of nodes that belong together, and lets the cache drop what they replace. */
  async enter(scope: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const node = this.#graph.find(id);
      const cls = node === undefined ? undefined : this.#registry.get(node.classType);
      if (node === undefined || cls?.fingerprint === undefined) continue;
      const token = changeTokenOf(cls, node, this.#folders);
      this.#tokens.set(id, token instanceof Promise ? await token : token);
    }
    const signatures = new Set<string>();
    const inner = new Set<string>();
    for (const id of ids) {
      const node = this.#graph.find(id);
      if (node === undefined) continue;
      const signature = this.#builder.signatureOf(id);
      signatures.add(signature);
      inner.add(innerScope(id, node.classType));
      this.#keys.set(id, { scope, signature });
    }
    this.#cache.enter(scope, signatures, inner);
  }

  /** The key of a node, or `undefined` when it was not entered. */
  of(id: string): CacheKey | undefined {
    return this.#keys.get(id);
  }

  /** The scope of the nodes that this node puts in its place. */
  innerScopeOf(id: string): string {
    return innerScope(id, this.#graph.find(id)?.classType ?? "");
  }
}
