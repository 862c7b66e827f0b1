/** How a run ended, from the history of the ComfyUI that ran it. */
import { isJsonObject, type JsonObject, type RunResult } from "@hearth/protocol";

/** Reads a history entry. Versions without a `status` kept only what went well. */
export function resultOf(entry: JsonObject, nodeTimes: Record<string, number>): RunResult {
  const status = isJsonObject(entry["status"]) ? entry["status"] : undefined;
  const messages = lifecycleMessages(status);
  const isSuccess = status === undefined || status["status_str"] === "success";
  const isInterrupted = messages.some(([type]) => type === "execution_interrupted");
  return {
    status: isSuccess ? "success" : isInterrupted ? "interrupted" : "error",
    outputs: isJsonObject(entry["outputs"]) ? entry["outputs"] : {},
    meta: isJsonObject(entry["meta"]) ? entry["meta"] : {},
    messages,
    nodeTimes,
  };
}

/** The end of a prompt that was stopped before any of its nodes was called. */
export function stoppedBeforeStart(promptId: string): RunResult {
  const data = {
    prompt_id: promptId,
    node_id: null,
    node_type: null,
    executed: [],
    timestamp: Date.now(),
  };
  return {
    status: "interrupted",
    outputs: {},
    meta: {},
    messages: [["execution_interrupted", data]],
    nodeTimes: {},
  };
}

function lifecycleMessages(status: JsonObject | undefined): [string, JsonObject][] {
  const kept = status?.["messages"];
  const messages: [string, JsonObject][] = [];
  for (const item of Array.isArray(kept) ? kept : []) {
    if (!Array.isArray(item)) continue;
    const [type, data] = item;
    if (typeof type === "string" && isJsonObject(data)) messages.push([type, data]);
  }
  return messages;
}
