/** Turns what the calls of a node returned into a list of values per output slot (section 6.4). */
import { JsonFloat, type JsonObject, type JsonValue, type NodeInfo } from "@hearth/protocol";
import type { NodeResult } from "./cache/result-cache.ts";
import { isLink, OutputLink, slotOf, type ExpansionGraph, type GraphLink } from "./expansion.ts";
import { ExecutionBlocker, type NodeReturn } from "./node-class.ts";

/** What one call returned, in one form. */
export interface CallResult {
  readonly outputs: readonly unknown[];
  readonly ui: Readonly<Record<string, readonly unknown[] | string>> | undefined;
  readonly expand: ExpansionGraph | undefined;
}

/** Every slot blocked. */
export function blockedCall(info: NodeInfo, blocker: ExecutionBlocker): CallResult {
  return { outputs: info.output.map(() => blocker), ui: undefined, expand: undefined };
}

export function callResult(info: NodeInfo, returned: NodeReturn | undefined | null): CallResult {
  if (returned === undefined || returned === null) return { outputs: [], ui: undefined, expand: undefined };
  if (isOutputList(returned)) return { outputs: returned, ui: undefined, expand: undefined };
  const { outputs, ui, expand, block } = returned;
  if (block !== undefined) {
    return { ...blockedCall(info, new ExecutionBlocker(block === true ? undefined : block)), ui };
  }
  return { outputs: outputs ?? [], ui, expand };
}

function isOutputList(returned: NodeReturn): returned is readonly unknown[] {
  return Array.isArray(returned);
}

/** The link that a slot of a call returned: any `OutputLink`, and `[id, slot]` where the call expanded. */
export function returnedLink(call: CallResult, value: unknown): GraphLink | undefined {
  if (value instanceof OutputLink) return [value.id, value.slot];
  return call.expand !== undefined && isLink(value) ? value : undefined;
}

/**
 * Collects the calls' outputs by slot. A list slot is concatenated; a link brings all values of the slot that it leads
 * to. `resultOf` is asked for the nodes of expansions only.
 */
export function mergeOutputs(
  info: NodeInfo,
  calls: readonly CallResult[],
  resultOf: (id: string) => NodeResult | undefined,
): unknown[][] {
  let slots = 0;
  for (const call of calls) slots = Math.max(slots, call.outputs.length);
  const merged: unknown[][] = [];
  for (let slot = 0; slot < slots; slot += 1) {
    const isFloat = info.output[slot] === "FLOAT";
    const isList = info.output_is_list[slot] === true;
    const values: unknown[] = [];
    for (const call of calls) {
      if (slot >= call.outputs.length) continue;
      const value = call.outputs[slot];
      const link = returnedLink(call, value);
      if (link !== undefined) {
        const result = resultOf(link[0]);
        for (const item of result?.outputs[slotOf(link[1], result.outputs.length)] ?? []) values.push(item);
      } else if (isList && Array.isArray(value)) {
        for (const item of value) values.push(isFloat ? markedFloat(item) : item);
      } else values.push(isFloat ? markedFloat(value) : value);
    }
    merged.push(values);
  }
  return merged;
}

/** A whole number of a FLOAT slot stays a float for those who print it. */
function markedFloat(value: unknown): unknown {
  return typeof value === "number" && Number.isInteger(value) ? new JsonFloat(value) : value;
}

/** Merges the calls' ui data: per key of the first that has any, everything in one list; a text gives its characters. */
export function mergeUi(calls: readonly CallResult[]): JsonObject | undefined {
  const all = calls.flatMap((call) => (call.ui === undefined ? [] : [call.ui]));
  const first = all[0];
  if (first === undefined) return undefined;
  const keys = Object.keys(first);
  if (keys.length === 0) return undefined;
  return Object.fromEntries(
    keys.map((key) => [key, all.flatMap((ui) => [...(ui[key] ?? [])] as JsonValue[])]),
  );
}
