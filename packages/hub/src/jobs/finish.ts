/** From what a worker reports to what the database keeps. */
import type { Finish } from "@hearth/jobs";
import { printJson, type RunResult } from "@hearth/protocol";
import { summarizeOutputs } from "./outputs-summary.ts";

/** `how`: the run ended; or it is given up, as `stall` (the hub was gone too) or `fail`. */
export function finishOf(result: RunResult, how: "finish" | "stall" | "fail"): Finish {
  const summary = summarizeOutputs(result.outputs);
  const success = result.status === "success";
  const message = (type: string) => result.messages.find(([name]) => name === type)?.[1];
  const error = message("execution_error");
  const last = result.messages.at(-1)?.[1]["timestamp"];
  const first = message("execution_start")?.["timestamp"];
  const ended = how === "stall" ? "stalled" : success ? "completed" : "failed";
  return {
    state: result.status === "interrupted" ? "cancelled" : ended,
    outputs: printJson(result.outputs),
    status: printJson({
      status_str: success ? "success" : "error",
      completed: success,
      messages: result.messages,
    }),
    meta: printJson(result.meta),
    error: error === undefined ? undefined : printJson(error),
    nodeTimes: printJson(result.nodeTimes),
    outputsCount: summary.outputsCount,
    previewableCount: summary.previewableCount,
    previewOutput: summary.previewOutput === undefined ? undefined : printJson(summary.previewOutput),
    startedAt: typeof first === "number" ? first : undefined,
    endedAt: typeof last === "number" ? last : Date.now(),
  };
}
