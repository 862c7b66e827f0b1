/** The payloads of `execution_error` and its kin (sections 6.8 and 6.9). */
import type { JsonObject, JsonValue } from "@hearth/protocol";
import { reportedValue } from "./describe-value.ts";
import { DependencyCycleError } from "./errors.ts";
import { InterruptedError, NodeError } from "./node-class.ts";

/** Where an error happened. */
export interface ErrorPlace {
  readonly promptId: string;
  /** id and class of the node of the submitted prompt */
  readonly nodeId: string;
  readonly nodeType: string;
  /** nodes that ran in this run */
  readonly executed: readonly string[];
}

/**
 * What `execution_error` says, without its timestamp.
 * @param inputs the inputs as gathered, when the node got that far
 * @param known ids that the cache knows
 */
export function errorReport(
  error: unknown,
  place: ErrorPlace,
  inputs: ReadonlyMap<string, readonly unknown[]> | undefined,
  known: readonly string[],
): JsonObject {
  const cycle = error instanceof DependencyCycleError;
  const { message, type, traceback } = describeError(error);
  const values = Object.fromEntries(
    [...(inputs ?? [])].map(([name, list]) => [name, list.map(reportedValue)]),
  );
  return {
    prompt_id: place.promptId,
    node_id: place.nodeId,
    node_type: place.nodeType,
    executed: [...place.executed],
    // Tips for certain errors would follow the line end; a cycle found between nodes has none.
    exception_message: cycle ? message : `${message}\n`,
    exception_type: type,
    traceback,
    current_inputs: cycle ? [] : values,
    current_outputs: [...known],
  };
}

/** What a node that receives a blocker with a text says: not the end of the run, and not kept in history. */
export function blockedReport(text: string, place: ErrorPlace): JsonObject {
  return {
    prompt_id: place.promptId,
    node_id: place.nodeId,
    node_type: place.nodeType,
    executed: [...place.executed],
    exception_message: `Execution Blocked: ${text}`,
    exception_type: "ExecutionBlocked",
    traceback: [],
    current_inputs: [],
    current_outputs: [],
  };
}

function describeError(error: unknown): { message: string; type: string; traceback: JsonValue[] } {
  if (!(error instanceof Error)) return { message: String(error), type: "Error", traceback: [] };
  const type =
    error instanceof NodeError
      ? error.pythonType
      : error instanceof DependencyCycleError
        ? "graph.DependencyCycleError"
        : error.name;
  const lines = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  return { message: error.message, type, traceback: lines };
}

/** True when the error is the answer to an interrupt: the engine's own, or the abort of what listened to its signal. */
export function isInterrupt(error: unknown, signal: AbortSignal): boolean {
  if (error instanceof InterruptedError) return true;
  return signal.aborted && error instanceof Error && error.name === "AbortError";
}
