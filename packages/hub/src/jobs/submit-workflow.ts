/** A UI-format workflow in place of a prompt: converted as the editor would, or refused with every reason. */
import type { ConvertError, NodeInfoLookup } from "@hearth/graph/convert";
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";

export interface PromptOfWorkflow {
  readonly prompt: JsonObject;
  /** the request's extra data, with the workflow where the editor puts it: outputs then carry it */
  readonly extraData: JsonObject;
}

/** Node errors and the error above them, as `POST /prompt` answers them. */
export interface WorkflowRefusal {
  readonly error: JsonObject;
  readonly node_errors: JsonObject;
}

/** The prompt of `workflow`. */
export async function promptOfWorkflow(
  workflow: JsonObject,
  extraData: JsonValue | undefined,
  nodeInfo: NodeInfoLookup,
): Promise<PromptOfWorkflow | WorkflowRefusal> {
  // Most clients send prompts: the converter is loaded for the first one who does not.
  const { ConvertError, convertWorkflow } = await import("@hearth/graph/convert");
  try {
    const { prompt } = convertWorkflow(workflow, nodeInfo);
    return { prompt, extraData: withWorkflow(isJsonObject(extraData) ? extraData : {}, workflow) };
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    return refusal(error);
  }
}

function withWorkflow(extraData: JsonObject, workflow: JsonObject): JsonObject {
  const given = extraData["extra_pnginfo"];
  const pnginfo: JsonObject = isJsonObject(given) ? given : {};
  return { ...extraData, extra_pnginfo: { workflow, ...pnginfo } };
}

function refusal(error: ConvertError): WorkflowRefusal {
  const nodeErrors: JsonObject = {};
  for (const { nodeId, classType, reason } of error.problems) {
    if (nodeId === undefined) continue;
    const known = nodeErrors[nodeId] as { errors: JsonValue[] } | undefined;
    const entry = { type: "workflow_not_convertible", message: reason, details: reason, extra_info: {} };
    if (known === undefined) {
      nodeErrors[nodeId] = { errors: [entry], dependent_outputs: [], class_type: classType ?? "" };
    } else known.errors.push(entry);
  }
  return {
    error: {
      type: "workflow_not_convertible",
      message: "The workflow cannot be converted to a prompt",
      details: error.message,
      extra_info: {},
    },
    node_errors: nodeErrors,
  };
}
