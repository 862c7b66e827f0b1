/** What goes wrong in the catalogue, as answers of the Studio contract. */
import type { JsonObject } from "@hearth/protocol";
import { entriesOf, isJsonObject } from "@hearth/protocol";
import { ParamsError, UnknownWorkflowError, WorkflowError } from "../../catalogue/errors.ts";
import { ManifestError } from "../../catalogue/manifest/read-manifest.ts";
import { PresetError, PresetExistsError, UnknownPresetError } from "../../catalogue/presets/presets.ts";
import { ImportError } from "../../catalogue/propose/import-document.ts";
import { WorkflowExistsError } from "../../catalogue/write-workflow.ts";
import { nodeTitle } from "../../studio/error-text.ts";
import { EmptyError, HttpError } from "../errors.ts";
import type { Handler } from "../twin.ts";

/** Error class → status. */
const STATUS: readonly [new (...given: never[]) => Error, number][] = [
  [UnknownWorkflowError, 404],
  [UnknownPresetError, 404],
  [WorkflowExistsError, 409],
  [PresetExistsError, 409],
  [ParamsError, 400],
  [ManifestError, 422],
  [PresetError, 422],
  [ImportError, 422],
  [WorkflowError, 500],
];

/** A handler whose errors of the catalogue have their status and words. */
export function answering(handler: Handler): Handler {
  return async (request, reply) => {
    try {
      return await handler(request, reply);
    } catch (error) {
      throw asHttpError(error);
    }
  };
}

/** The answer for an error of the catalogue; another error as it is. */
export function asHttpError(error: unknown): unknown {
  // Forms and files are refused without words elsewhere.
  if (error instanceof EmptyError) return new HttpError(error.statusCode);
  const found = STATUS.find(([type]) => error instanceof type);
  return found === undefined ? error : new HttpError(found[1], (error as Error).message);
}

/** One sentence of a refused prompt: `[node title] message: details` for each node. */
export function refusalText(body: JsonObject, prompt: JsonObject): string {
  const { error, node_errors: nodeErrors } = body;
  const told: string[] = [];
  for (const [id, entry] of isJsonObject(nodeErrors) ? entriesOf(nodeErrors) : []) {
    const errors = isJsonObject(entry) ? entry["errors"] : undefined;
    for (const item of Array.isArray(errors) ? errors : []) {
      if (isJsonObject(item)) told.push(`[${nodeTitle(prompt, id) ?? id}] ${sentence(item)}`);
    }
  }
  if (told.length > 0) return told.join("; ");
  return isJsonObject(error) ? sentence(error) : "The prompt was refused";
}

function sentence({ message, details }: JsonObject): string {
  const isMore = typeof details === "string" && details !== "" && details !== message;
  return isMore ? `${String(message)}: ${details}` : String(message);
}
