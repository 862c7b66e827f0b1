/** Editor workflow → prompt. */
import type { JsonObject, JsonValue } from "@hearth/protocol";
import { type ConvertOptions, convertWorkflow } from "./convert-workflow.ts";
import type { NodeInfoLookup } from "./declared-types.ts";
import { workflowError } from "./errors.ts";
import { isWorkflow } from "./read-workflow.ts";
import { isPrompt, rebuildPrompt } from "./rebuild-prompt.ts";

export { ConvertError, type ConvertProblem, problemText } from "./errors.ts";
export { convertWorkflow, type Converted, type ConvertOptions } from "./convert-workflow.ts";
export type { NodeInfoLookup } from "./declared-types.ts";
export { isWorkflow } from "./read-workflow.ts";
export { isPrompt, rebuildPrompt } from "./rebuild-prompt.ts";

/**
 * The prompt of what a file holds: a workflow is converted, a prompt completed.
 * @throws ConvertError when it is neither, or cannot be converted
 */
export function promptOf(
  document: JsonValue,
  nodeInfo: NodeInfoLookup,
  options: ConvertOptions = {},
): JsonObject {
  if (isWorkflow(document)) return convertWorkflow(document, nodeInfo, options).prompt;
  if (isPrompt(document)) return rebuildPrompt(document, nodeInfo);
  throw workflowError("neither a workflow (it has no list of nodes) nor a prompt (nodes with a class_type)");
}
