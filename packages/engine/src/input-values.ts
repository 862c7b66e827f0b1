/** Gathers the inputs of a node: every input is a list of values (sections 6.3 and 6.4). */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import type { NodeResult } from "./cache/result-cache.ts";
import {
  declaredInputs,
  dynamicInputs,
  injectedInputs,
  unwrapped,
  type DeclaredInput,
} from "./declared-inputs.ts";
import type { GraphNode, PromptGraph } from "./dynamic-prompt.ts";
import { linkOf, slotOf } from "./expansion.ts";
import type { NodeClass } from "./node-class.ts";

export interface GatheredInputs {
  /** values by flat name, without the injected ones */
  readonly values: Map<string, readonly unknown[]>;
  /** linked inputs whose source has no value yet (lazy), with the id of the source */
  readonly missing: Map<string, string>;
  /** an input below a dynamic one that the class does not declare: the call will not take it */
  readonly unexpected: string | undefined;
}

const NO_VALUE: readonly unknown[] = [undefined];

/**
 * The inputs of a node. Links bring the list of their source's slot, constants a list of one. Undeclared links are
 * passed on, undeclared constants only to classes that accept all inputs.
 */
export function gatherInputs(
  cls: NodeClass,
  node: GraphNode,
  resultOf: (id: string) => NodeResult | undefined,
): GatheredInputs {
  const declared = declaredInputs(cls.info, node.inputs);
  const values = new Map<string, readonly unknown[]>();
  const missing = new Map<string, string>();
  let unexpected: string | undefined;
  for (const [name, given] of Object.entries(node.inputs)) {
    const input = declared.get(name);
    const link = input?.rawLink ? undefined : linkOf(given);
    if (link !== undefined) {
      const result = resultOf(link[0]);
      const list = result?.outputs[slotOf(link[1], result.outputs.length)];
      if (result === undefined) missing.set(name, link[0]);
      values.set(name, list === undefined ? NO_VALUE : unwrappedList(list, input));
      if (input === undefined && !cls.acceptsAllInputs && isBelowDynamic(cls, name)) unexpected ??= name;
    } else if (input !== undefined || cls.acceptsAllInputs) {
      values.set(name, [unwrapped(given, input)]);
    }
  }
  return { values, missing, unexpected };
}

/** Ids of the nodes that must run before this one: the sources of its links, except into lazy inputs. */
export function sourcesOf(cls: NodeClass, node: GraphNode): string[] {
  const declared = declaredInputs(cls.info, node.inputs);
  const sources: string[] = [];
  for (const [name, given] of Object.entries(node.inputs)) {
    const link = linkOf(given);
    if (link !== undefined && !declared.get(name)?.lazy) sources.push(link[0]);
  }
  return sources;
}

function unwrappedList(list: readonly unknown[], input: DeclaredInput | undefined): readonly unknown[] {
  if (input === undefined) return list;
  for (let index = 0; index < list.length; index += 1) {
    if (unwrapped(list[index], input) !== list[index]) return list.map((value) => unwrapped(value, input));
  }
  return list;
}

function isBelowDynamic(cls: NodeClass, name: string): boolean {
  return dynamicInputs(cls.info).some((dynamic) => name.startsWith(`${dynamic}.`));
}

/** The values that the engine injects into hidden inputs, for error reports: nodes read them from their context. */
export function injectedValues(
  cls: NodeClass,
  nodeId: string,
  graph: PromptGraph,
  extraData: JsonObject,
): Map<string, readonly unknown[]> {
  const values = new Map<string, readonly unknown[]>();
  for (const [name, kind] of injectedInputs(cls.info)) {
    values.set(name, [injectedValue(kind, nodeId, graph, extraData)]);
  }
  return values;
}

function injectedValue(kind: string, nodeId: string, graph: PromptGraph, extraData: JsonObject): unknown {
  if (kind === "PROMPT") return graph.original();
  if (kind === "DYNPROMPT") return graph;
  if (kind === "UNIQUE_ID") return nodeId;
  return kind === "EXTRA_PNGINFO" ? extraPnginfo(extraData) : null;
}

/** What the client wants written into files, if it sent any. */
export function extraPnginfo(extraData: JsonObject): JsonObject | null {
  const given = extraData["extra_pnginfo"];
  return isJsonObject(given) ? given : null;
}
