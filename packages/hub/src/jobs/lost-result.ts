/** The end of a job that no worker reported: history says what happened in the words of an execution error. */
import type { JsonObject, RunResult } from "@hearth/protocol";

/** A result with one `execution_error`; `type` is its exception type, `text` tells what to do, `more` is added to it. */
export function lostResult(promptId: string, type: string, text: string, more: JsonObject = {}): RunResult {
  const timestamp = Date.now();
  const data = {
    prompt_id: promptId,
    node_id: null,
    node_type: null,
    executed: [],
    exception_message: `${text}\n`,
    exception_type: type,
    traceback: [],
    current_inputs: {},
    current_outputs: [],
    ...more,
    timestamp,
  };
  return { status: "error", outputs: {}, meta: {}, messages: [["execution_error", data]], nodeTimes: {} };
}

/** The end of a job that somebody stopped while its worker was going away. */
export function interruptedResult(promptId: string): RunResult {
  const data = { prompt_id: promptId, node_id: null, node_type: null, executed: [], timestamp: Date.now() };
  return {
    status: "interrupted",
    outputs: {},
    meta: {},
    messages: [["execution_interrupted", data]],
    nodeTimes: {},
  };
}
