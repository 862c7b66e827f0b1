/** What Studio keeps with a job of its own: the `details` text of the job record. */
import { isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";
import type { Identity } from "../auth/identity.ts";

export interface StudioJobDetails {
  /** null for a raw prompt */
  readonly workflow_id: string | null;
  readonly workflow_name: string | null;
  /** a folder of the job's own, relative to the output directory */
  readonly output_dir: string | null;
  /** a file of the input directory */
  readonly input_image: string | null;
  /** as the client sent them: -1 stays -1 */
  readonly params: JsonObject;
  /** as resolved; integers exact up to 2^64-1 */
  readonly seeds: JsonObject;
  /** the prompt id of the job that this one repeats */
  readonly retry_of: string | null;
}

export const NO_DETAILS: StudioJobDetails = {
  workflow_id: null,
  workflow_name: null,
  output_dir: null,
  input_image: null,
  params: {},
  seeds: {},
  retry_of: null,
};

/** Reads a details text; what is absent, or not of its type, counts as not given. */
export function readJobDetails(text: string | undefined): StudioJobDetails {
  if (text === undefined) return NO_DETAILS;
  const value = parseJson(text);
  if (!isJsonObject(value)) return NO_DETAILS;
  return {
    workflow_id: textOf(value["workflow_id"]),
    workflow_name: textOf(value["workflow_name"]),
    output_dir: textOf(value["output_dir"]),
    input_image: textOf(value["input_image"]),
    params: objectOf(value["params"]),
    seeds: objectOf(value["seeds"]),
    retry_of: textOf(value["retry_of"]),
  };
}

/** The details text, all keys always present. */
export function printJobDetails(details: StudioJobDetails): string {
  const { workflow_id, workflow_name, output_dir, input_image, params, seeds, retry_of } = details;
  return printJson(
    { workflow_id, workflow_name, output_dir, input_image, params, seeds, retry_of },
    "compact",
  );
}

function textOf(value: JsonObject[string] | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function objectOf(value: JsonObject[string] | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Who asks, and a job's details: builds its prompt anew from the same parameters and resolved seeds. */
export type RebuildJob = (
  details: StudioJobDetails,
  identity: Identity,
) => Promise<RebuiltJob | { readonly status: number; readonly detail: string }>;

export interface RebuiltJob {
  readonly prompt: JsonObject;
  /** with an output directory of the new job's own */
  readonly details: StudioJobDetails;
}
