/**
 * How long the nodes of a graph took in finished jobs, by graph shape: what a run's rest is estimated with before it
 * has measured anything itself. Kept among the documents, written some time after it changed: a lost figure costs little.
 */
import { graphShape } from "@hearth/graph";
import type { DocumentStore } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson, printJson, toNumber } from "@hearth/protocol";
import { classOf, nodeBehind } from "./run-graph.ts";

const COLLECTION = "durations";
/** Shapes beyond this number are forgotten, the longest unused first. */
const MAX_SHAPES = 300;
/** Weight of the newest run. */
const NEWEST = 0.5;
const SAVE_MS = 5_000;
/** Of a run that is over sooner nobody wants to know how long it will take. */
const MIN_RUN_MS = 500;

interface NodeDuration {
  readonly className: string;
  readonly ms: number;
}

type ShapeDurations = ReadonlyMap<string, NodeDuration>;

export class Durations {
  readonly #documents: Pick<DocumentStore, "list" | "put" | "remove">;
  /** the longest unused first */
  readonly #shapes = new Map<string, ShapeDurations>();
  readonly #unsaved = new Set<string>();
  readonly #forgotten = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(documents: Pick<DocumentStore, "list" | "put" | "remove">) {
    this.#documents = documents;
  }

  /** Reads what was learned before. */
  async load(): Promise<void> {
    const stored = (await this.#documents.list(COLLECTION)).toSorted((a, b) => a.updatedAt - b.updatedAt);
    for (const { key, text } of stored) this.#shapes.set(key, readShape(text));
  }

  /** Expected milliseconds of a node; undefined when no job of this shape has run it. */
  of(prompt: JsonObject): (nodeId: string) => number | undefined {
    const known = this.#shapes.get(graphShape(prompt));
    if (known === undefined) return () => undefined;
    return (nodeId) => {
      const className = classOf(prompt, nodeId);
      const same = known.get(nodeId);
      if (same?.className === className) return same.ms;
      // The same graph under other ids: the nodes of that class stand for it.
      const alike = [...known.values()].filter((node) => node.className === className);
      if (alike.length === 0) return undefined;
      return alike.reduce((sum, node) => sum + node.ms, 0) / alike.length;
    };
  }

  /** Learns from a completed job; `nodeTimes`: milliseconds by node id, of the nodes that were called. */
  learn(prompt: JsonObject, nodeTimes: Readonly<Record<string, number>>): void {
    const times = new Map<string, number>();
    for (const [id, ms] of Object.entries(nodeTimes)) {
      const node = nodeBehind(prompt, id);
      if (Number.isFinite(ms) && ms >= 0) times.set(node, (times.get(node) ?? 0) + ms);
    }
    if ([...times.values()].reduce((sum, ms) => sum + ms, 0) < MIN_RUN_MS) return;
    const shape = graphShape(prompt);
    const learned = new Map(this.#shapes.get(shape));
    for (const [id, ms] of times) {
      const className = classOf(prompt, id);
      const before = learned.get(id);
      const known = before?.className === className ? before.ms : ms;
      learned.set(id, { className, ms: known + (ms - known) * NEWEST });
    }
    this.#shapes.delete(shape);
    this.#shapes.set(shape, learned);
    this.#unsaved.add(shape);
    this.#forgotten.delete(shape);
    this.#forgetOldest();
    this.#timer ??= setTimeout(() => void this.save().catch(() => undefined), SAVE_MS);
    this.#timer.unref();
  }

  #forgetOldest(): void {
    const [oldest] = this.#shapes.keys();
    if (this.#shapes.size <= MAX_SHAPES || oldest === undefined) return;
    this.#shapes.delete(oldest);
    this.#unsaved.delete(oldest);
    this.#forgotten.add(oldest);
  }

  /** Writes what changed; to be called once more before the store is closed. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const writes = [...this.#unsaved].map((shape) =>
      this.#documents.put(COLLECTION, shape, printShape(this.#shapes.get(shape) ?? new Map())),
    );
    const removals = [...this.#forgotten].map((shape) => this.#documents.remove(COLLECTION, shape));
    this.#unsaved.clear();
    this.#forgotten.clear();
    await Promise.all([...writes, ...removals]);
  }
}

function printShape(shape: ShapeDurations): string {
  const nodes = Object.fromEntries(
    [...shape].map(([id, { className, ms }]) => [id, [className, Math.round(ms)]]),
  );
  return printJson({ nodes }, "compact");
}

function readShape(text: string): ShapeDurations {
  const value = parseJson(text);
  const nodes = isJsonObject(value) ? value["nodes"] : undefined;
  const shape = new Map<string, NodeDuration>();
  if (!isJsonObject(nodes)) return shape;
  for (const [id, entry] of Object.entries(nodes)) {
    if (Array.isArray(entry) && typeof entry[0] === "string") {
      shape.set(id, { className: entry[0], ms: toNumber(entry[1]) });
    }
  }
  return shape;
}
