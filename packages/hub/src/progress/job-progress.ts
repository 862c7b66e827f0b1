/**
 * The progress of one running job, gathered from what its run says. All figures are derived when somebody asks; noting
 * a message costs next to nothing, since most jobs run without anybody watching.
 */
import type { AttemptRef, JsonObject, JsonValue, RunMessage } from "@hearth/protocol";
import { isJsonObject, toNumber } from "@hearth/protocol";
import { filesShown, type OutputItem } from "./node-outputs.ts";
import { classOf, nodeBehind, type RunGraph, titleOf, UNKNOWN_GRAPH } from "./run-graph.ts";
import { StepRate } from "./step-rate.ts";

/** How a job ended, in Studio's words. */
export type ProgressStatus = "running" | "completed" | "error" | "stalled";

/** The object that clients see. */
export interface ProgressView {
  readonly status: string;
  readonly node_id: string;
  readonly node_title: string;
  readonly node_type: string;
  /** of the current node; both 0 when it tells no steps */
  readonly step: number;
  readonly total_steps: number;
  /** nodes of the effective total that began */
  readonly nodes_done: number;
  readonly total_nodes: number;
  /** nodes that a run calls, without cached and instant ones; at least 1 */
  readonly effective_total: number;
  readonly cached_count: number;
  /** 0 to 99 while the job is active, never falling; 100 when it is complete */
  readonly percent: number;
  /** whole seconds; null: unknown */
  readonly eta_seconds: number | null;
  /** steps per second of the current node, two decimals; null: unknown */
  readonly step_rate: number | null;
  /** grows with every preview picture */
  readonly preview_seq: number;
  readonly node_outputs: Readonly<Record<string, NodeOutputs>>;
}

export interface NodeOutputs {
  readonly node_title: string;
  readonly node_type: string;
  readonly items: readonly OutputItem[];
}

export interface PreviewPicture {
  readonly seq: number;
  readonly format: "jpeg" | "png";
  readonly bytes: Uint8Array;
}

export interface ProgressSources {
  /** reads the prompt; called once, when it is first needed */
  readonly graph: () => RunGraph | undefined;
  /** expected milliseconds of a node, from earlier jobs of this shape */
  readonly expected: (prompt: JsonObject) => (nodeId: string) => number | undefined;
  /** milliseconds of a steady clock */
  readonly now: () => number;
}

interface BegunNode {
  readonly id: string;
  readonly since: number;
  step: number;
  total: number;
  readonly rate: StepRate;
}

export class JobProgress {
  readonly ref: AttemptRef;
  readonly owner: string;
  readonly #sources: ProgressSources;
  #graph: RunGraph | undefined;
  #expected: ((nodeId: string) => number | undefined) | undefined;
  #status: ProgressStatus = "running";
  readonly #cached = new Set<string>();
  /** milliseconds that each finished node took; undefined: it was done when this was first heard of */
  readonly #done = new Map<string, number | undefined>();
  readonly #outputs = new Map<string, JsonObject>();
  readonly #begun = new Map<string, BegunNode>();
  #current: BegunNode | undefined;
  #percent = 0;
  #preview: PreviewPicture | undefined;

  constructor(ref: AttemptRef, owner: string, sources: ProgressSources) {
    this.ref = ref;
    this.owner = owner;
    this.#sources = sources;
  }

  /** The newest picture of work in progress. */
  get preview(): PreviewPicture | undefined {
    return this.#preview;
  }

  get isOver(): boolean {
    return this.#status !== "running";
  }

  /** Takes note of a message; false when nothing that clients see has changed. */
  note(message: RunMessage): boolean {
    if (message.kind === "text") return false;
    if (message.kind === "progress") return this.#noteProgress(message);
    const { type, data } = message;
    if (type === "execution_cached") {
      for (const id of textsIn(data["nodes"])) this.#cached.add(id);
      return true;
    }
    if (type === "executing") {
      const { node } = data;
      if (typeof node === "string") this.#begin(node);
      return typeof node === "string";
    }
    if (type === "executed") {
      const { node, display_node, output } = data;
      if (!isJsonObject(output)) return false;
      this.#outputs.set(String(display_node ?? node), output);
      return true;
    }
    return type === "execution_start";
  }

  #noteProgress(message: Extract<RunMessage, { kind: "progress" }>): boolean {
    const { state, progress, preview } = message;
    const nodes = state?.["nodes"];
    let isNew = false;
    for (const node of isJsonObject(nodes) ? Object.values(nodes) : []) {
      if (isJsonObject(node)) isNew = this.#noteNode(node) || isNew;
    }
    if (progress !== undefined) {
      const { node, value, max } = progress;
      if (node === this.#current?.id) isNew = this.#step(toNumber(value), toNumber(max)) || isNew;
    }
    if (preview === undefined) return isNew;
    this.#preview = { seq: (this.#preview?.seq ?? 0) + 1, format: preview.format, bytes: preview.bytes };
    return true;
  }

  #noteNode({ node_id, state, value, max }: JsonObject): boolean {
    if (typeof node_id !== "string") return false;
    if (state === "finished") return this.#finish(node_id);
    if (state !== "running") return false;
    // The next node began, and this one goes on beside it: it waits for something.
    let isNew = this.#done.delete(node_id);
    // A hub that was started in the middle of a run hears no "executing" of the node that runs. And when the one that
    // began last is done, people wait for the one that went on beside it.
    if (this.#current === undefined || this.#done.has(this.#current.id)) {
      this.#begin(node_id);
      isNew = true;
    }
    const total = toNumber(max);
    // Every node begins as 0 of 1, which is no step.
    return (node_id === this.#current?.id && total > 1 && this.#step(toNumber(value), total)) || isNew;
  }

  #begin(id: string): void {
    if (this.#current?.id === id) return;
    if (this.#current !== undefined) this.#finish(this.#current.id);
    const since = this.#sources.now();
    this.#current = this.#begun.get(id) ?? { id, since, step: 0, total: 0, rate: new StepRate() };
    this.#begun.set(id, this.#current);
  }

  #finish(id: string): boolean {
    if (this.#cached.has(id) || this.#done.has(id)) return false;
    const begun = this.#begun.get(id);
    this.#done.set(id, begun === undefined ? undefined : this.#sources.now() - begun.since);
    return true;
  }

  #step(step: number, total: number): boolean {
    const current = this.#current;
    if (current === undefined || !Number.isFinite(step) || !(total > 0) || !Number.isFinite(total))
      return false;
    const held = Math.min(Math.max(step, 0), total);
    if (held === current.step && total === current.total) return false;
    current.step = held;
    current.total = total;
    current.rate.add(held, this.#sources.now());
    return true;
  }

  /** The job has ended. */
  end(status: Exclude<ProgressStatus, "running">): void {
    this.#status = status;
  }

  view(): ProgressView {
    const graph = this.#read();
    const current = this.#isActive() ? this.#current : undefined;
    const behind = current === undefined ? "" : nodeBehind(graph.prompt, current.id);
    const effective = [...graph.timed].filter((id) => !this.#cached.has(id));
    const finished = effective.filter((id) => this.#done.has(id) && id !== behind).length;
    const isCounted = effective.includes(behind);
    const effectiveTotal = Math.max(1, effective.length);
    const fraction =
      isCounted && current !== undefined && current.total > 0 ? current.step / current.total : 0;
    const { isComplete } = this;
    if (graph !== UNKNOWN_GRAPH) {
      const now = Math.round((100 * (finished + fraction)) / effectiveTotal);
      this.#percent = Math.max(this.#percent, Math.min(99, now));
    }
    const rate = current?.rate.perSecond ?? null;
    return {
      status: this.#status,
      node_id: current?.id ?? "",
      node_title: current === undefined ? "" : titleOf(graph.prompt, behind),
      node_type: current === undefined ? "" : classOf(graph.prompt, behind),
      step: current?.step ?? 0,
      total_steps: current?.total ?? 0,
      nodes_done: isComplete ? effectiveTotal : finished + (isCounted ? 1 : 0),
      total_nodes: graph.total,
      effective_total: effectiveTotal,
      cached_count: this.#cached.size,
      percent: isComplete ? 100 : this.#percent,
      eta_seconds: isComplete ? 0 : this.#eta(graph, effective, behind),
      step_rate: rate === null ? null : Math.round(rate * 100) / 100,
      preview_seq: this.#preview?.seq ?? 0,
      node_outputs: this.#nodeOutputs(graph),
    };
  }

  get isComplete(): boolean {
    return this.#status === "completed";
  }

  #isActive(): boolean {
    return this.#status === "running";
  }

  #read(): RunGraph {
    this.#graph ??= this.#sources.graph();
    return this.#graph ?? UNKNOWN_GRAPH;
  }

  /**
   * Whole seconds to the end: the rest of the current node by its steps, and every other node by what it took in
   * earlier jobs of this shape, else by the average of those that this run has finished. Null where one is unknown.
   */
  #eta(graph: RunGraph, effective: readonly string[], behind: string): number | null {
    if (graph === UNKNOWN_GRAPH || !this.#isActive()) return null;
    this.#expected ??= this.#sources.expected(graph.prompt);
    const measured = effective.filter((id) => id !== behind).flatMap((id) => this.#done.get(id) ?? []);
    const average =
      measured.length === 0 ? undefined : measured.reduce((sum, ms) => sum + ms, 0) / measured.length;
    const expected = (id: string): number | undefined => this.#expected?.(id) ?? average;
    let rest = this.#restOfCurrent(expected, behind);
    if (rest === undefined) return null;
    for (const id of effective) {
      if (id === behind || this.#done.has(id)) continue;
      const ms = expected(id);
      if (ms === undefined) return null;
      rest += ms;
    }
    return Number.isFinite(rest) ? Math.max(0, Math.round(rest / 1000)) : null;
  }

  /** Milliseconds; undefined: unknown. */
  #restOfCurrent(expected: (id: string) => number | undefined, behind: string): number | undefined {
    const current = this.#current;
    if (current === undefined) return 0;
    const rate = current.rate.perSecond;
    if (rate !== null && rate > 0) return ((current.total - current.step) / rate) * 1000;
    const graph = this.#read();
    if (!graph.timed.has(behind)) return 0;
    const ms = expected(behind);
    const elapsed = this.#sources.now() - current.since;
    // It takes much longer than ever before: nobody knows how long.
    if (ms === undefined || elapsed > 1.5 * ms + 1_000) return undefined;
    return Math.max(0, ms - elapsed);
  }

  #nodeOutputs(graph: RunGraph): Record<string, NodeOutputs> {
    const shown: Record<string, NodeOutputs> = {};
    for (const [id, output] of this.#outputs) {
      const items = filesShown(output);
      const behind = nodeBehind(graph.prompt, id);
      const names = { node_title: titleOf(graph.prompt, behind), node_type: classOf(graph.prompt, behind) };
      if (items.length > 0) shown[id] = { ...names, items };
    }
    return shown;
  }
}

function textsIn(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
