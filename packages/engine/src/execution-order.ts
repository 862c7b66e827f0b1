/**
 * Which node runs next (section 6.2).
 *
 * Nodes are added with all that they need, except through lazy inputs. A node is ready when nothing blocks it: no
 * source that still has to run, and no promise. Sources that have a result already block nobody; their results are
 * held until the node has run.
 */
import type { NodeResult } from "./cache/result-cache.ts";
import { DependencyCycleError, MissingNodeError } from "./errors.ts";
import type { HeldResults } from "./held-results.ts";

/** What the order must know of a node. */
export interface OrderedNode {
  /** ids of the sources of its inputs that are not lazy */
  readonly sources: readonly string[];
  readonly isOutput: boolean;
  /** runs beside others: started as early as possible */
  readonly concurrent: boolean;
}

export interface OrderAccess {
  /** `undefined` when there is no such node */
  describe(id: string): OrderedNode | undefined;
  /** the cached result of a node */
  cached(id: string): NodeResult | undefined;
}

interface Waiting {
  readonly id: string;
  readonly order: number;
  readonly eager: boolean;
  readonly isOutput: boolean;
  /** nodes that wait for this one */
  readonly consumers: Set<string>;
  /** sources that this node counts on */
  readonly sources: Set<string>;
  /** sources that have to run first, and promises */
  blockers: number;
}

export class ExecutionOrder {
  readonly #access: OrderAccess;
  readonly #results: HeldResults;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ready = new Map<string, Waiting>();
  #added = 0;
  #promises = 0;

  constructor(access: OrderAccess, results: HeldResults) {
    this.#access = access;
    this.#results = results;
  }

  /** Nodes are left to run, ready or not. */
  get unfinished(): boolean {
    return this.#waiting.size > 0;
  }

  /** Promises that nodes wait for. */
  get promises(): number {
    return this.#promises;
  }

  /**
   * Adds a node and, first come last served, everything that it needs and that has no result.
   * @throws MissingNodeError when a link leads nowhere
   */
  add(id: string, neededBy: string = id): void {
    const stack: [id: string, neededBy: string][] = [[id, neededBy]];
    const added: [Waiting, readonly string[]][] = [];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [current, consumer] = next;
      if (this.#waiting.has(current)) continue;
      const node = this.#access.describe(current);
      if (node === undefined) throw new MissingNodeError(current, consumer);
      const waiting: Waiting = {
        id: current,
        order: this.#added,
        eager: node.isOutput || node.concurrent,
        isOutput: node.isOutput,
        consumers: new Set(),
        sources: new Set(),
        blockers: 0,
      };
      this.#added += 1;
      this.#waiting.set(current, waiting);
      // A cached node is only shown again: nothing that it was made of is needed, and its result must not be evicted
      // before that.
      const result = this.#result(current);
      if (result !== undefined) {
        this.#results.hold(current, result);
        waiting.sources.add(current);
      }
      const sources = result === undefined ? node.sources : [];
      added.push([waiting, sources]);
      for (const source of sources) if (this.#result(source) === undefined) stack.push([source, current]);
    }
    for (const [waiting, sources] of added) for (const source of sources) this.#link(source, waiting);
    for (const [waiting] of added) if (waiting.blockers === 0) this.#ready.set(waiting.id, waiting);
  }

  /** Makes a taken node wait for a further source. @throws MissingNodeError */
  require(source: string, consumer: string): void {
    const waiting = this.#waiting.get(consumer);
    if (waiting === undefined || waiting.sources.has(source)) return;
    if (this.#result(source) === undefined) this.add(source, consumer);
    this.#link(source, waiting);
  }

  /** Takes the node that runs next, or `undefined` when none is ready. */
  next(): string | undefined {
    let best: Waiting | undefined;
    let bestRank = 4;
    for (const waiting of this.#ready.values()) {
      const rank = this.#rank(waiting, bestRank);
      if (rank < bestRank || (rank === bestRank && best !== undefined && waiting.order < best.order)) {
        best = waiting;
        bestRank = rank;
      }
    }
    if (best !== undefined) this.#ready.delete(best.id);
    return best?.id;
  }

  /** Gives a taken node back: it runs again when nothing blocks it. */
  giveBack(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.blockers === 0) this.#ready.set(id, waiting);
  }

  /** A taken node waits for a promise; call the returned function once it is settled. */
  awaitPromise(id: string): () => void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) throw new RangeError(`node ${id} is not in the order`);
    waiting.blockers += 1;
    this.#promises += 1;
    return () => {
      this.#promises -= 1;
      this.#unblock(waiting);
    };
  }

  /** A taken node has its result: what waited for it may run, what it held is let go. */
  finish(id: string, result: NodeResult): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#ready.delete(id);
    this.#results.hold(id, result, waiting.consumers.size);
    for (const consumer of waiting.consumers) {
      const node = this.#waiting.get(consumer);
      if (node !== undefined) this.#unblock(node);
    }
    for (const source of waiting.sources) this.#results.release(source);
  }

  /** Says which nodes block each other, when nothing is ready and no promise is pending. */
  cycle(): DependencyCycleError {
    const blockedBy = new Map<string, string>();
    for (const waiting of this.#waiting.values()) {
      for (const consumer of waiting.consumers) blockedBy.set(consumer, waiting.id);
    }
    const path = new Set<string>();
    let id = this.#waiting.keys().next().value;
    while (id !== undefined && !path.has(id)) {
      path.add(id);
      id = blockedBy.get(id);
    }
    const ids = [...path];
    return new DependencyCycleError(id === undefined ? ids : ids.slice(ids.indexOf(id)));
  }

  #result(id: string): NodeResult | undefined {
    return this.#results.get(id) ?? this.#access.cached(id);
  }

  #link(source: string, consumer: Waiting): void {
    if (consumer.sources.has(source)) return;
    consumer.sources.add(source);
    const waiting = this.#waiting.get(source);
    const result = this.#result(source);
    if (result !== undefined) this.#results.hold(source, result);
    else if (waiting !== undefined) {
      waiting.consumers.add(consumer.id);
      consumer.blockers += 1;
    }
  }

  #unblock(waiting: Waiting): void {
    waiting.blockers -= 1;
    if (waiting.blockers === 0) this.#ready.set(waiting.id, waiting);
  }

  /** 0: output or concurrent; 1: feeds an output; 2: feeds what feeds an output; 3: any other. */
  #rank(waiting: Waiting, enough: number): number {
    if (waiting.eager) return 0;
    if (enough === 0) return 3;
    let rank = 3;
    for (const consumer of waiting.consumers) {
      const node = this.#waiting.get(consumer);
      if (node === undefined) continue;
      if (node.isOutput) return 1;
      if (rank > 2) for (const further of node.consumers) if (this.#waiting.get(further)?.isOutput) rank = 2;
    }
    return rank;
  }
}
