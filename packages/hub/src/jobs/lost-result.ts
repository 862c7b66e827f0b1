/** The end of a job whose worker is gone: history says what happened in the words of an execution error. */
import type { RunResult } from "@hearth/protocol";

/** A result with one `execution_error`; `type` is its exception type, `text` tells what to do. */
export function lostResult(promptId: string, type: string, text: string): RunResult {
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
    timestamp,
  };
  return { status: "error", outputs: {}, meta: {}, messages: [["execution_error", data]], nodeTimes: {} };
}
