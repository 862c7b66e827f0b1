/** Why a job failed, in one line: `[node title] message`. */
import { isJsonObject, type JsonObject, parseJson } from "@hearth/protocol";

/**
 * @param error JSON text of the `execution_error` data, or a plain text
 * @param prompt reads the prompt's JSON text, for the node's title
 */
export function errorText(error: string, prompt: () => string | undefined): string {
  const data = objectIn(error);
  if (data === undefined) return error.trim();
  const message = textOf(data["exception_message"]) ?? textOf(data["exception_type"]) ?? "failed";
  const id = data["node_id"];
  if (typeof id !== "string" || id === "") return message;
  // A node that another one made (`5.0.0.1`) is known to people by its maker.
  const graph = objectIn(prompt() ?? "");
  const title =
    nodeTitle(graph, id) ?? nodeTitle(graph, id.split(".")[0] ?? id) ?? textOf(data["node_type"]) ?? id;
  return `[${title}] ${message}`;
}

/** `_meta.title`, else the class; undefined for an id that the prompt has not. */
export function nodeTitle(prompt: JsonObject | undefined, id: string): string | undefined {
  const node = prompt !== undefined && Object.hasOwn(prompt, id) ? prompt[id] : undefined;
  if (!isJsonObject(node)) return undefined;
  const meta = node["_meta"];
  return (isJsonObject(meta) ? textOf(meta["title"]) : undefined) ?? textOf(node["class_type"]) ?? id;
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: JsonObject[string] | undefined): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
