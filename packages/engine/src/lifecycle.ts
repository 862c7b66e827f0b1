/** The messages of a run, in the words of section 4.4, and what history keeps of them. */
import { objectFrom, type JsonObject, type RunMessage, type RunResult } from "@hearth/protocol";
import type { ShownOutput } from "./cache/result-cache.ts";
import type { PromptGraph } from "./dynamic-prompt.ts";

export class RunLog {
  readonly #promptId: string;
  readonly #graph: PromptGraph;
  readonly #send: (message: RunMessage) => void;
  readonly #now: () => number;
  readonly #messages: [string, JsonObject][] = [];
  readonly #shown = new Map<string, ShownOutput>();
  readonly #times = new Map<string, number>();

  constructor(promptId: string, graph: PromptGraph, send: (message: RunMessage) => void, now: () => number) {
    this.#promptId = promptId;
    this.#graph = graph;
    this.#send = send;
    this.#now = now;
  }

  started(): void {
    this.#lifecycle("execution_start", { prompt_id: this.#promptId });
  }

  /** @param nodes ids of the submitted prompt whose result is cached */
  cached(nodes: readonly string[]): void {
    this.#lifecycle("execution_cached", { nodes: [...nodes], prompt_id: this.#promptId });
  }

  executing(id: string): void {
    this.#json("executing", {
      node: id,
      display_node: this.#graph.displayIdOf(id),
      prompt_id: this.#promptId,
    });
  }

  /** A node showed something: tells the client and keeps it for history. */
  executed(id: string, output: JsonObject): ShownOutput {
    const display = this.#graph.displayIdOf(id);
    const shown: ShownOutput = {
      output,
      meta: {
        node_id: id,
        display_node: display,
        parent_node: this.#graph.parentOf(id) ?? null,
        real_node_id: this.#graph.realIdOf(id),
      },
    };
    this.#shown.set(display, shown);
    this.#json("executed", { node: id, display_node: display, output, prompt_id: this.#promptId });
    return shown;
  }

  /** A cached node shows again what it showed, possibly nothing. */
  executedBefore(id: string, shown: ShownOutput | undefined): void {
    if (shown !== undefined) this.executed(id, shown.output);
    else {
      const display_node = this.#graph.displayIdOf(id);
      this.#json("executed", { node: id, display_node, output: null, prompt_id: this.#promptId });
    }
  }

  /** A blocker with a text reached a node: told, but no part of the lifecycle. */
  blocked(report: JsonObject): void {
    this.#json("execution_error", report);
  }

  succeeded(): void {
    this.#lifecycle("execution_success", { prompt_id: this.#promptId });
  }

  failed(report: JsonObject): void {
    this.#lifecycle("execution_error", report);
  }

  interrupted(nodeId: string, nodeType: string, executed: readonly string[]): void {
    const data = { prompt_id: this.#promptId, node_id: nodeId, node_type: nodeType, executed: [...executed] };
    this.#lifecycle("execution_interrupted", data, "everyone");
  }

  /** Adds milliseconds to the time of the real node behind `id`. */
  spent(id: string, milliseconds: number): void {
    const real = this.#graph.realIdOf(id);
    this.#times.set(real, (this.#times.get(real) ?? 0) + milliseconds);
  }

  result(status: RunResult["status"]): RunResult {
    const shown = [...this.#shown];
    return {
      status,
      outputs: objectFrom(shown.map(([id, { output }]) => [id, output] as const)),
      meta: objectFrom(shown.map(([id, { meta }]) => [id, meta] as const)),
      messages: this.#messages,
      nodeTimes: Object.fromEntries(this.#times),
    };
  }

  #lifecycle(type: string, fields: JsonObject, audience: "client" | "everyone" = "client"): void {
    const data = { ...fields, timestamp: this.#now() };
    this.#messages.push([type, data]);
    this.#send({ kind: "json", type, data, audience });
  }

  #json(type: string, data: JsonObject): void {
    this.#send({ kind: "json", type, data, audience: "client" });
  }
}
