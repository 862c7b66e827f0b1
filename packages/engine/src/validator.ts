/** Calls a class's own validator and turns whatever happens into an outcome that can travel. */
import type { ValidatorOutcome } from "@hearth/protocol";
import { type NodeClass, NodeError, type ValidationFolders, type ValidatorInput } from "./node-class.ts";

/** A class without a validator, or one that is not here, accepts everything. */
export async function callValidator(
  cls: NodeClass | undefined,
  given: ValidatorInput,
  { folders, modelFolders }: ValidationFolders,
): Promise<ValidatorOutcome> {
  if (cls?.validate === undefined) return { result: true };
  try {
    return { result: await cls.validate(given, { folders, modelFolders }) };
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new Error(String(error));
    return { exception: message, exceptionType: error instanceof NodeError ? error.pythonType : name };
  }
}
