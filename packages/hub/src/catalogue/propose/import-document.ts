/** A file that somebody brings → the prompt in it, and why it is not whole. */
import { ConvertError, convertWorkflow, isPrompt, isWorkflow } from "@hearth/graph/convert";
import { documentOf, type Embedded } from "@hearth/graph/media";
import { isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";
import type { ClassKnowledge } from "./propose.ts";

export interface ImportedPrompt {
  readonly prompt: JsonObject;
  /** classes of the file that nobody here has; then `prompt` is not to be kept */
  readonly unknownClasses: readonly string[];
}

/** The file holds nothing that can become a prompt; the message says what is wrong with it. */
export class ImportError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "ImportError";
  }
}

/**
 * The prompt of what `readEmbedded` found. A workflow with classes that are missing here gives what can be converted;
 * if the file holds a prompt too, that one is taken, since it is whole.
 * @throws ImportError
 */
export function importedPrompt(embedded: Embedded, classes: ClassKnowledge): ImportedPrompt {
  const document = documentOf(embedded);
  if (isWorkflow(document)) return fromWorkflow(document, embedded.prompt, classes);
  if (isPrompt(document)) return { prompt: checkedPrompt(document), unknownClasses: [] };
  throw new ImportError(
    "it holds neither a workflow (a list of nodes) nor a prompt (nodes with a class_type)",
  );
}

function fromWorkflow(
  workflow: JsonValue,
  prompt: JsonValue | undefined,
  classes: ClassKnowledge,
): ImportedPrompt {
  const nodeInfo = (name: string) => classes(name)?.info;
  try {
    return { prompt: convertWorkflow(workflow, nodeInfo).prompt, unknownClasses: [] };
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    if (isPrompt(prompt)) return { prompt: checkedPrompt(prompt), unknownClasses: [] };
    const unknown = error.problems.flatMap(({ classType }) =>
      classType !== undefined && classes(classType) === undefined ? [classType] : [],
    );
    if (unknown.length < error.problems.length) throw new ImportError(error.message);
    const partly = convertWorkflow(workflow, nodeInfo, { unknownClasses: "asEditor" }).prompt;
    return { prompt: partly, unknownClasses: [...new Set(unknown)] };
  }
}

function checkedPrompt(prompt: JsonObject): JsonObject {
  for (const [id, node] of Object.entries(prompt)) {
    if (isJsonObject(node) && typeof node["class_type"] === "string") continue;
    throw new ImportError(`node ${id} has no class_type`);
  }
  return prompt;
}
