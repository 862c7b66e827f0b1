/**
 * One run of one prompt (section 6.3).
 *
 * A node is taken from the order and either shown from the cache, called, or given back: a lazy node that asks for
 * more inputs, a node whose expansion has to run, a concurrent node whose promise is pending. It finishes when it has
 * a result.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Folders, JsonObject, RunMessage, RunRequest, RunResult } from "@hearth/protocol";
import { isSchemaNode } from "@hearth/protocol";
import type { NodeResult, ResultCache, ShownOutput } from "./cache/result-cache.ts";
import { PromptGraph, type GraphNode } from "./dynamic-prompt.ts";
import { blockedReport, errorReport, isInterrupt, type ErrorPlace } from "./error-report.ts";
import { DependencyCycleError, MissingNodeError, UnknownClassError } from "./errors.ts";
import { ExecutionOrder } from "./execution-order.ts";
import { HeldResults } from "./held-results.ts";
import { gatherInputs, injectedValues, sourcesOf, type GatheredInputs } from "./input-values.ts";
import { RunLog } from "./lifecycle.ts";
import { callInTurn, callTogether, neededSources } from "./node-calls.ts";
import { InterruptedError, type NodeClass, type RunSettings } from "./node-class.ts";
import type { RunServices } from "./node-context.ts";
import type { NodeRegistry } from "./node-registry.ts";
import type { NodeStates } from "./node-state.ts";
import { mergeOutputs, mergeUi, returnedLink, type CallResult } from "./output-values.ts";
import { RunProgress } from "./progress.ts";
import { randomGenerator } from "./random.ts";
import { NodeKeys } from "./signatures.ts";

/** What a run takes from its engine. */
export interface RunEnvironment {
  readonly registry: NodeRegistry;
  readonly folders: Folders;
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
  readonly settings: RunSettings;
  readonly cache: ResultCache;
  readonly states: NodeStates;
  readonly emit: (promptId: string, message: RunMessage) => void;
  readonly now: () => number;
  readonly interruptFlag: Int32Array | undefined;
}

/** A concurrent node that has been called. */
interface PendingPromise {
  outcome: { readonly calls: CallResult[] } | { readonly error: unknown } | undefined;
}

/** A node that waits for the nodes which it put in its place. */
interface PendingExpansion {
  readonly calls: CallResult[];
  readonly ui: ShownOutput | undefined;
}

export class PromptRun {
  readonly #environment: RunEnvironment;
  readonly #request: RunRequest;
  readonly #abort = new AbortController();
  readonly #graph: PromptGraph;
  readonly #results = new HeldResults();
  readonly #keys: NodeKeys;
  readonly #order: ExecutionOrder;
  readonly #log: RunLog;
  readonly #services: RunServices;
  readonly #executed = new Set<string>();
  readonly #promises = new Map<string, PendingPromise>();
  readonly #expansions = new Map<string, PendingExpansion>();
  /** cached nodes that show something although no output needs them */
  readonly #toShow = new Map<string, ShownOutput>();
  /** where an error is reported */
  #current: string | undefined;
  #inputs: GatheredInputs | undefined;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(environment: RunEnvironment, request: RunRequest) {
    const { registry, folders, modelFolders, settings, cache, states, now } = environment;
    this.#environment = environment;
    this.#request = request;
    this.#graph = new PromptGraph(request.prompt);
    const send = (message: RunMessage): void => {
      // A concurrent node that outlives an error has nobody left to talk to.
      if (!this.#ended) environment.emit(request.promptId, message);
    };
    this.#log = new RunLog(request.promptId, this.#graph, send, now);
    this.#keys = new NodeKeys(this.#graph, registry, { folders, modelFolders }, cache);
    this.#order = new ExecutionOrder(
      { describe: (id) => this.#describe(id), cached: (id) => this.#cached(id) },
      this.#results,
    );
    this.#abort.signal.addEventListener("abort", () => this.#wake?.());
    let random: (() => number) | undefined;
    this.#services = {
      promptId: request.promptId,
      extraData: request.extraData,
      graph: this.#graph,
      progress: new RunProgress(request.promptId, this.#graph, send),
      folders,
      modelFolders,
      settings,
      random: () => (random ??= randomGenerator())(),
      signal: this.#abort.signal,
      now,
      stateOf: (id) => {
        const real = this.#graph.realIdOf(id);
        return states.of(real, this.#classNameOf(real), id, this.#classNameOf(id));
      },
      send,
      throwIfInterrupted: () => this.#throwIfInterrupted(),
    };
  }

  get promptId(): string {
    return this.#request.promptId;
  }

  /** Asks the run to stop at its next point of interruption. */
  interrupt(): void {
    this.#abort.abort();
  }

  /** Runs the prompt to its end; never rejects for what a node does. */
  async execute(): Promise<RunResult> {
    let status: RunResult["status"] = "success";
    this.#log.started();
    try {
      await this.#begin();
      await this.#runAll();
      for (const [id, shown] of this.#toShow) this.#log.executedBefore(id, shown);
      this.#log.succeeded();
    } catch (error) {
      status = this.#report(error);
    }
    this.#ended = true;
    if (this.#order.promises > 0) this.#abort.abort();
    return this.#log.result(status);
  }

  async #begin(): Promise<void> {
    const { cache, states, registry } = this.#environment;
    const ids = Object.keys(this.#request.prompt).filter((id) => this.#graph.hasNode(id));
    states.enter(new Map(ids.map((id) => [id, this.#classNameOf(id)])));
    await this.#keys.enter("", ids);
    const cached: string[] = [];
    for (const id of ids) {
      const result = this.#cached(id);
      if (result === undefined) continue;
      cached.push(id);
      if (result.ui !== undefined && registry.get(this.#classNameOf(id))?.info.has_intermediate_output) {
        this.#toShow.set(id, result.ui);
      }
    }
    cache.afterNode();
    this.#log.cached(cached);
  }

  async #runAll(): Promise<void> {
    for (const id of this.#request.outputs) this.#order.add(id);
    while (this.#order.unfinished) {
      const id = this.#order.next();
      if (id !== undefined) {
        this.#current = id;
        this.#inputs = undefined;
        await this.#step(id);
        // Pending promises get their turn between other nodes.
        if (this.#order.promises > 0) await nextTurn();
      } else if (this.#order.promises > 0) await this.#promiseSettled();
      else throw this.#order.cycle();
    }
  }

  async #step(id: string): Promise<void> {
    const expansion = this.#expansions.get(id);
    if (expansion !== undefined) {
      this.#expansions.delete(id);
      this.#finish(id, expansion.calls, expansion.ui);
      return;
    }
    const promise = this.#promises.get(id);
    if (promise?.outcome !== undefined) {
      this.#promises.delete(id);
      if ("error" in promise.outcome) throw promise.outcome.error;
      await this.#returned(id, promise.outcome.calls);
      return;
    }
    const known = this.#results.get(id) ?? this.#cached(id);
    if (known !== undefined) this.#showCached(id, known);
    else await this.#call(id);
  }

  async #call(id: string): Promise<void> {
    const [cls, node] = this.#classAndNode(id);
    const began = performance.now();
    this.#services.progress.start(id);
    const inputs = gatherInputs(cls, node, (source) => this.#results.get(source) ?? this.#cached(source));
    this.#inputs = inputs;
    this.#log.executing(id);
    const needed = await neededSources(this.#services, id, cls, inputs);
    if (needed.length > 0) {
      for (const source of needed) this.#order.require(source, id);
      this.#log.spent(id, performance.now() - began);
      this.#order.giveBack(id);
      return;
    }
    const onBlocked = (text: string): void =>
      this.#log.blocked(
        blockedReport(text, {
          promptId: this.promptId,
          nodeId: id,
          nodeType: cls.name,
          executed: [...this.#executed],
        }),
      );
    if (!cls.concurrent) {
      const calls = await callInTurn(this.#services, id, cls, inputs, onBlocked);
      this.#log.spent(id, performance.now() - began);
      await this.#returned(id, calls);
      return;
    }
    const calls = callTogether(this.#services, id, cls, inputs, onBlocked);
    if (calls instanceof Promise) this.#waitFor(id, calls, began);
    else {
      this.#log.spent(id, performance.now() - began);
      await this.#returned(id, calls);
    }
  }

  /** The calls of a node are over: shows its ui, then finishes it or puts its expansion into the graph. */
  async #returned(id: string, calls: CallResult[]): Promise<void> {
    const ui = mergeUi(calls);
    const shown = ui === undefined ? undefined : this.#log.executed(id, ui);
    const links = calls.flatMap((call) =>
      call.outputs.flatMap((value) => returnedLink(call, value)?.[0] ?? []),
    );
    if (links.length === 0 && !calls.some((call) => call.expand !== undefined))
      this.#finish(id, calls, shown);
    else {
      await this.#expand(id, calls, links);
      this.#expansions.set(id, { calls, ui: shown });
      this.#order.giveBack(id);
    }
  }

  /** Adds the nodes of an expansion; output nodes among them run too, the links are waited for. */
  async #expand(id: string, calls: readonly CallResult[], links: readonly string[]): Promise<void> {
    const added: string[] = [];
    for (const { expand } of calls) {
      for (const [child, node] of Object.entries(expand ?? {})) {
        if (this.#environment.registry.get(node.class_type) === undefined) {
          throw new UnknownClassError(node.class_type, id);
        }
        this.#graph.addEphemeral(child, node as unknown as JsonObject, id, node.override_display_id ?? id);
        added.push(child);
      }
    }
    await this.#keys.enter(this.#keys.innerScopeOf(id), added);
    for (const child of added) if (this.#describe(child)?.isOutput) this.#order.add(child);
    for (const source of links) this.#order.require(source, id);
  }

  #finish(id: string, calls: readonly CallResult[], ui: ShownOutput | undefined): void {
    const [cls] = this.#classAndNode(id);
    const outputs = mergeOutputs(
      cls.info,
      calls,
      (source) => this.#results.get(source) ?? this.#cached(source),
    );
    const result: NodeResult = { outputs, ui };
    const key = this.#keys.of(id);
    if (key !== undefined) this.#environment.cache.set(key, result);
    this.#order.finish(id, result);
    this.#executed.add(id);
    this.#services.progress.finish(id);
    this.#environment.cache.afterNode();
  }

  #showCached(id: string, result: NodeResult): void {
    const [cls] = this.#classAndNode(id);
    if (cls.info.output_node || (cls.info.has_intermediate_output && result.ui !== undefined)) {
      this.#log.executedBefore(id, result.ui);
    }
    this.#toShow.delete(id);
    this.#services.progress.finishCached(id);
    this.#order.finish(id, result);
  }

  #waitFor(id: string, calls: Promise<CallResult[]>, began: number): void {
    const pending: PendingPromise = { outcome: undefined };
    const settled = this.#order.awaitPromise(id);
    this.#promises.set(id, pending);
    const settle = (outcome: NonNullable<PendingPromise["outcome"]>): void => {
      pending.outcome = outcome;
      if (!this.#ended) this.#log.spent(id, performance.now() - began);
      settled();
      this.#wake?.();
    };
    calls.then(
      (results) => settle({ calls: results }),
      (error: unknown) => settle({ error }),
    );
  }

  /** Waits until a concurrent node is through, or for an interrupt. */
  async #promiseSettled(): Promise<void> {
    this.#current = this.#promises.keys().next().value;
    this.#inputs = undefined;
    if (!this.#abort.signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    if (this.#abort.signal.aborted) throw new InterruptedError();
  }

  #throwIfInterrupted(): void {
    const { interruptFlag } = this.#environment;
    if (interruptFlag !== undefined && Atomics.load(interruptFlag, 0) !== 0) this.#abort.abort();
    if (this.#abort.signal.aborted) throw new InterruptedError();
  }

  /** Tells the client why the run stopped. */
  #report(error: unknown): RunResult["status"] {
    let id = this.#current;
    if (error instanceof MissingNodeError || error instanceof UnknownClassError) id = error.nodeId;
    else if (error instanceof DependencyCycleError) id = error.nodeIds[0];
    const shownId = id ?? this.#request.outputs[0] ?? "";
    const realId = this.#graph.realIdOf(shownId);
    const place: ErrorPlace = {
      promptId: this.promptId,
      nodeId: realId,
      nodeType: this.#classNameOf(realId),
      executed: [...this.#executed],
    };
    if (isInterrupt(error, this.#abort.signal)) {
      this.#log.interrupted(place.nodeId, place.nodeType, place.executed);
      return "interrupted";
    }
    this.#log.failed(
      errorReport(error, place, this.#reportedInputs(shownId), Object.keys(this.#request.prompt)),
    );
    return "error";
  }

  /** The gathered inputs of the failed node, with the hidden ones that a classic function would have been given. */
  #reportedInputs(id: string): Map<string, readonly unknown[]> | undefined {
    if (this.#inputs === undefined) return undefined;
    const [cls] = this.#classAndNode(id);
    if (isSchemaNode(cls.info)) return this.#inputs.values;
    return new Map([
      ...this.#inputs.values,
      ...injectedValues(cls, id, this.#graph, this.#request.extraData),
    ]);
  }

  #describe(id: string): ReturnType<ConstructorParameters<typeof ExecutionOrder>[0]["describe"]> {
    const node = this.#graph.find(id);
    if (node === undefined) return undefined;
    const cls = this.#environment.registry.get(node.classType);
    if (cls === undefined) throw new UnknownClassError(node.classType, id);
    return { sources: sourcesOf(cls, node), isOutput: cls.info.output_node, concurrent: cls.concurrent };
  }

  #cached(id: string): NodeResult | undefined {
    const key = this.#keys.of(id);
    return key === undefined ? undefined : this.#environment.cache.get(key);
  }

  #classAndNode(id: string): [NodeClass, GraphNode] {
    const node = this.#graph.find(id);
    if (node === undefined) throw new MissingNodeError(id, id);
    const cls = this.#environment.registry.get(node.classType);
    if (cls === undefined) throw new UnknownClassError(node.classType, id);
    return [cls, node];
  }

  #classNameOf(id: string): string {
    return this.#graph.find(id)?.classType ?? "";
  }
}
