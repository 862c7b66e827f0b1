/** Parameters as a client sends them → the values of a workflow's inputs. */
import type { JsonObject } from "@hearth/protocol";
import { ParamsError } from "../errors.ts";
import type { Manifest, ManifestInput } from "../manifest/schema.ts";
import { Fault, valueOrDefault } from "./kinds.ts";

/**
 * The value of every input, by id; `null` where there is none. Parameters that no input has are left aside.
 * @param inputImage a file of the input folder for the first image input, when that one has no parameter of its own
 * @throws ParamsError that names each input that is wrong
 */
export function readParams(manifest: Manifest, params: JsonObject, inputImage: string | null): JsonObject {
  const values: JsonObject = {};
  const faults: string[] = [];
  const picture = imageInput(manifest);
  for (const input of manifest.inputs) {
    const given = input === picture && inputImage !== null ? inputImage : params[input.id];
    try {
      values[input.id] = valueOrDefault(input, given);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push(`${input.id}${error.where} ${error.message}`);
    }
  }
  if (faults.length > 0) throw new ParamsError(faults);
  return values;
}

/** The input that an uploaded picture is for. */
export function imageInput(manifest: Manifest): ManifestInput | undefined {
  return manifest.inputs.find(({ type }) => type === "image");
}

/** Parameters without control values, whose names begin with an underscore: what is kept with the job. */
export function keptParams(params: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !name.startsWith("_")));
}
