/** What progress needs to know of a prompt: which of its nodes a run calls, and which of those take time. */
import { isJsonObject, type JsonObject } from "@hearth/protocol";
import { nodeTitle } from "../studio/error-text.ts";

/**
 * Classes that pass values on and take no time that anybody could measure. Loaders and text encoders are not among
 * them: on a cold start they take most of it.
 */
export const INSTANT_CLASSES: ReadonlySet<string> = new Set([
  "ComfyMathExpression",
  "ComfyNumberConvert",
  "ComfySwitchNode",
  "GetImageSize",
  "MarkdownNote",
  "Note",
  "PreviewAny",
  "PrimitiveBoolean",
  "PrimitiveBoundingBox",
  "PrimitiveFloat",
  "PrimitiveInt",
  "PrimitiveNode",
  "PrimitiveString",
  "PrimitiveStringMultiline",
  "Reroute",
  "StringCompare",
  "StringConcatenate",
]);

export interface RunGraph {
  readonly prompt: JsonObject;
  /** nodes in the prompt */
  readonly total: number;
  /** ids of nodes that a run calls and that take time */
  readonly timed: ReadonlySet<string>;
}

export const UNKNOWN_GRAPH: RunGraph = { prompt: {}, total: 0, timed: new Set() };

/**
 * @param isOutput whether a class shows or saves something; `undefined`: not known. Nodes that no output needs are
 * never called; where no output is known, every node counts.
 */
export function runGraph(
  prompt: JsonObject,
  isOutput: (className: string) => boolean | undefined,
  instant: ReadonlySet<string> = INSTANT_CLASSES,
): RunGraph {
  const ids = Object.keys(prompt);
  const outputs = ids.filter((id) => isOutput(classOf(prompt, id)) === true);
  const called = outputs.length === 0 ? new Set(ids) : neededBy(prompt, outputs);
  const timed = new Set([...called].filter((id) => !instant.has(classOf(prompt, id))));
  return { prompt, total: ids.length, timed };
}

function neededBy(prompt: JsonObject, outputs: readonly string[]): Set<string> {
  const needed = new Set(outputs);
  // A set that grows while it is walked hands out what was added.
  for (const id of needed) {
    const node = prompt[id];
    const inputs = isJsonObject(node) ? node["inputs"] : undefined;
    if (!isJsonObject(inputs)) continue;
    for (const value of Object.values(inputs)) {
      if (!Array.isArray(value) || value.length !== 2) continue;
      const [source] = value;
      if (typeof source === "string" && Object.hasOwn(prompt, source)) needed.add(source);
    }
  }
  return needed;
}

export function classOf(prompt: JsonObject, id: string): string {
  const node = Object.hasOwn(prompt, id) ? prompt[id] : undefined;
  const className = isJsonObject(node) ? node["class_type"] : undefined;
  return typeof className === "string" ? className : "";
}

/** The node of the prompt behind an id of a run: itself, or the one that made it (`5.0.0.1` comes from `5`). */
export function nodeBehind(prompt: JsonObject, id: string): string {
  if (Object.hasOwn(prompt, id)) return id;
  const maker = id.split(".")[0] ?? id;
  return Object.hasOwn(prompt, maker) ? maker : id;
}

/** How people call a node: its title, else its class, else its id. */
export function titleOf(prompt: JsonObject, id: string): string {
  return nodeTitle(prompt, id) ?? id;
}
