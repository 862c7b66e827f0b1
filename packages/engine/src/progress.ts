/** Progress of the nodes of a run (sections 4.4 and 4.5): the state of all, and the throttled bar of one. */
import {
  JsonFloat,
  type JsonObject,
  type JsonValue,
  type NodeProgress,
  type RunMessage,
} from "@hearth/protocol";
import type { DynamicPrompt, PreviewImage, ProgressBar } from "./node-class.ts";

/** Least time between two updates of a bar that are sent, in milliseconds. */
const INTERVAL_MS = 100;
/** Least step between two updates that are sent, as a part of the bar's total. */
const STEP = 0.005;

export class RunProgress {
  readonly #promptId: string;
  readonly #graph: DynamicPrompt;
  readonly #send: (message: RunMessage) => void;
  /** replaced at every change, so that messages may keep it */
  #nodes: Record<string, NodeProgress> = {};

  constructor(promptId: string, graph: DynamicPrompt, send: (message: RunMessage) => void) {
    this.#promptId = promptId;
    this.#graph = graph;
    this.#send = send;
  }

  /** The node is about to be called. */
  start(id: string): void {
    this.#set(id, new JsonFloat(0), new JsonFloat(1), "running");
    this.#send({ kind: "progress", state: this.#state() });
  }

  /** The node has its result; its value becomes its maximum. */
  finish(id: string): void {
    const max = this.#own(id)?.max ?? new JsonFloat(1);
    this.#set(id, max, max, "finished");
    this.#send({ kind: "progress", state: this.#state() });
  }

  /** The node's result was there already. */
  finishCached(id: string): void {
    this.#set(id, 1, 1, "finished");
    this.#send({ kind: "progress", state: this.#state() });
  }

  /** An update of a running node; `legacy` also sends the older message of a progress bar. */
  update(id: string, value: number, max: number, preview: PreviewImage | undefined, legacy: boolean): void {
    this.#set(id, value, max, "running");
    this.#send({
      kind: "progress",
      state: this.#state(),
      ...(legacy ? { progress: { value, max, prompt_id: this.#promptId, node: id } } : {}),
      ...(preview === undefined
        ? {}
        : {
            preview: {
              format: preview.format,
              bytes: preview.bytes,
              nodeId: id,
              displayNodeId: this.#graph.displayIdOf(id),
              parentNodeId: this.#graph.parentOf(id) ?? null,
              realNodeId: this.#graph.realIdOf(id),
            },
          }),
    });
  }

  #own(id: string): NodeProgress | undefined {
    return Object.hasOwn(this.#nodes, id) ? this.#nodes[id] : undefined;
  }

  #set(id: string, value: JsonValue, max: JsonValue, state: NodeProgress["state"]): void {
    const known = this.#own(id);
    const entry: NodeProgress =
      known === undefined
        ? {
            value,
            max,
            state,
            node_id: id,
            prompt_id: this.#promptId,
            display_node_id: this.#graph.displayIdOf(id),
            parent_node_id: this.#graph.parentOf(id) ?? null,
            real_node_id: this.#graph.realIdOf(id),
          }
        : { ...known, value, max, state };
    // A computed key in a literal is an own property whatever its name is.
    this.#nodes = { ...this.#nodes, [id]: entry };
  }

  #state(): JsonObject {
    return { prompt_id: this.#promptId, nodes: this.#nodes as unknown as JsonObject };
  }
}

/**
 * A bar that sends an update when it is the first, the last, carries a picture, or when enough time has passed and it
 * moved far enough since the last one that was sent.
 */
export class ThrottledBar implements ProgressBar {
  readonly #report: (value: number, total: number, preview: PreviewImage | undefined) => void;
  readonly #throwIfInterrupted: () => void;
  readonly #now: () => number;
  #total: number;
  #current = 0;
  #sentValue: number | undefined;
  #sentAt = 0;

  /** `now` gives milliseconds. */
  constructor(
    total: number,
    now: () => number,
    throwIfInterrupted: () => void,
    report: (value: number, total: number, preview: PreviewImage | undefined) => void,
  ) {
    this.#total = total;
    this.#now = now;
    this.#throwIfInterrupted = throwIfInterrupted;
    this.#report = report;
  }

  update(value: number, total?: number, preview?: PreviewImage): void {
    this.#throwIfInterrupted();
    if (total !== undefined) this.#total = total;
    this.#current = Math.min(value, this.#total);
    const now = this.#now();
    if (!this.#isDue(now, preview !== undefined)) return;
    this.#sentValue = this.#current;
    this.#sentAt = now;
    this.#report(this.#current, this.#total, preview);
  }

  advance(by: number): void {
    this.update(this.#current + by);
  }

  #isDue(now: number, hasPreview: boolean): boolean {
    if (this.#sentValue === undefined || hasPreview || this.#current >= this.#total) return true;
    return (
      now - this.#sentAt >= INTERVAL_MS && Math.abs(this.#current - this.#sentValue) >= STEP * this.#total
    );
  }
}
