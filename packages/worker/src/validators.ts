/** Calls a class's own validator and turns whatever happens into an outcome that can travel. */
import { type NodeClass, NodeError, type ValidatorInput } from "@hearth/engine";
import type { ValidatorOutcome } from "@hearth/protocol";
import type { WorkerSettings } from "./settings.ts";

/** A class without a validator accepts everything. */
export async function callValidator(
  node: NodeClass | undefined,
  given: ValidatorInput,
  folders: Pick<WorkerSettings, "folders" | "modelFolders">,
): Promise<ValidatorOutcome> {
  if (node?.validate === undefined) return { result: true };
  try {
    return { result: await node.validate(given, folders) };
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new Error(String(error));
    return { exception: message, exceptionType: error instanceof NodeError ? error.pythonType : name };
  }
}
