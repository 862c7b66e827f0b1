/** The files of a job that are worth keeping. */
import { createHash } from "node:crypto";
import type { JobRecord } from "@hearth/jobs";
import { entriesOf, isJsonObject, type JsonObject, parseJson } from "@hearth/protocol";
import { normalizedOutputs } from "../jobs/outputs-summary.ts";

export interface KeptOutput {
  /** the same whenever it is asked for */
  readonly id: string;
  readonly filename: string;
  /** below the output folder */
  readonly subfolder: string;
}

/** Pictures, videos, sounds and other files that the job wrote to the output folder; each once, no previews. */
export function keptOutputs(record: Pick<JobRecord, "outputs">): KeptOutput[] {
  if (record.outputs === undefined) return [];
  const outputs = parseJson(record.outputs);
  if (!isJsonObject(outputs)) return [];
  const kept = new Map<string, KeptOutput>();
  for (const [, node] of entriesOf(normalizedOutputs(outputs))) {
    for (const [, list] of entriesOf(node as JsonObject)) {
      for (const item of Array.isArray(list) ? list : []) {
        const output = isJsonObject(item) ? read(item) : undefined;
        if (output !== undefined) kept.set(output.id, output);
      }
    }
  }
  return [...kept.values()];
}

function read(item: JsonObject): KeptOutput | undefined {
  const { filename, subfolder = "", type } = item;
  if (type !== "output" || typeof filename !== "string" || typeof subfolder !== "string") return undefined;
  const digest = createHash("sha256").update(`${subfolder}\0${filename}`).digest("hex");
  return { id: digest.slice(0, 24), filename, subfolder };
}
