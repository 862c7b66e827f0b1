/** What is known of a prompt while it is validated. */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type NodeClassAnnouncement,
  pyRepr,
  pyStr,
} from "@hearth/protocol";
import { PythonError } from "./input-conversion.ts";
import { sourcesIn } from "./links.ts";
import { dependencyCycle, type NodeError } from "./node-errors.ts";

/** Finds a class by its name. */
export type ClassLookup = (name: string) => NodeClassAnnouncement | undefined;

export interface NodeResult {
  valid: boolean;
  readonly errors: NodeError[];
}

/**
 * After so many errors of cycles no further cycle is reported: a hostile prompt of 10,000 nodes has room for millions,
 * and whoever mends the first ones is told of the next.
 */
const MAX_CYCLE_ERRORS = 1000;

export class PromptState {
  readonly prompt: JsonObject;
  readonly classes: ClassLookup;
  readonly results = new Map<string, NodeResult>();
  /** nodes with errors of their own, in the order in which these were found */
  readonly faulty = new Map<string, NodeResult>();
  /** their ids in the same order */
  readonly faultyIds: string[] = [];
  /** ids from the output to the node that is looked at now, with their place in that order */
  readonly #path = new Map<string, number>();
  /** nodes that are reached only through undeclared inputs, or from such */
  readonly #strays = new Set<string>();
  #cycleErrors = 0;

  constructor(prompt: JsonObject, classes: ClassLookup) {
    this.prompt = prompt;
    this.classes = classes;
  }

  /** @throws PythonError `KeyError` when there is no such node */
  node(id: JsonValue): JsonObject {
    const node = typeof id === "string" && Object.hasOwn(this.prompt, id) ? this.prompt[id] : undefined;
    if (!isJsonObject(node)) throw new PythonError("KeyError", pyRepr(id));
    return node;
  }

  /** @throws PythonError `KeyError` when there is no such node */
  classOf(id: string): NodeClassAnnouncement {
    const name = this.node(id)["class_type"];
    const found = typeof name === "string" ? this.classes(name) : undefined;
    if (found === undefined) throw new PythonError("KeyError", pyRepr(name));
    return found;
  }

  isOnPath(id: string): boolean {
    return this.#path.has(id);
  }

  enter(id: string): void {
    this.#path.set(id, this.#path.size);
  }

  leave(id: string): void {
    this.#path.delete(id);
  }

  /** Keeps the outcome of a node, with the errors that it got before: those of cycles. */
  settle(id: string, result: NodeResult): NodeResult {
    const earlier = this.results.get(id);
    if (earlier !== undefined && earlier !== result) result.errors.unshift(...earlier.errors);
    if (result.errors.length > 0) {
      result.valid = false;
      this.#noteFaulty(id, result);
    }
    this.results.set(id, result);
    return result;
  }

  /** Adds an error to a node, whether it has been looked at or not. */
  blame(id: string, error: NodeError): void {
    const result = this.results.get(id) ?? { valid: false, errors: [] };
    result.valid = false;
    result.errors.push(error);
    this.results.set(id, result);
    this.#noteFaulty(id, result);
  }

  #noteFaulty(id: string, result: NodeResult): void {
    if (!this.faulty.has(id)) this.faultyIds.push(id);
    this.faulty.set(id, result);
  }

  /** A link leads back to a node on the path: all nodes from there on form a cycle. */
  closeCycle(id: string): NodeResult {
    if (this.#cycleErrors < MAX_CYCLE_ERRORS) {
      // Also closings without a new error count: each costs a walk along the path.
      this.#cycleErrors += 1;
      const cycle = [...this.#path.keys()].slice(this.#path.get(id));
      for (const error of dependencyCycle(cycle, (member) => pyStr(this.node(member)["class_type"]))) {
        const member = error.extra_info["node_id"] as string;
        // Two links may close the same cycle.
        if (this.results.get(member)?.errors.some((known) => known.details === error.details)) continue;
        this.blame(member, error);
        this.#cycleErrors += 1;
      }
    }
    return { valid: false, errors: [] };
  }

  /**
   * A link in an input that the class does not declare is a dependency all the same. One that leads to nothing, itself
   * or further on, would stop a run that the server has promised: it is refused, where ComfyUI lets it pass and hangs.
   * @throws PythonError `KeyError` when there is no such node
   */
  checkStray(id: string): void {
    const waiting = [id];
    for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
      if (this.#strays.has(current)) continue;
      const { inputs } = this.node(current);
      this.#strays.add(current);
      if (isJsonObject(inputs)) for (const source of sourcesIn(inputs)) waiting.push(source);
    }
  }
}
