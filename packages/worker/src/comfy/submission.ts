/** What is sent to `POST /prompt`, and what its answer means. */
import { createHash } from "node:crypto";
import {
  type AttemptFailure,
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  printJson,
  RawJson,
} from "@hearth/protocol";
import type { Assignment } from "../engine-port.ts";
import type { Answer } from "./comfy-client.ts";

const CANONICAL_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The prompt's id on a ComfyUI: the job's own where it takes it, else one that follows from the job. */
export function comfyIdOf({ jobId, promptId }: { jobId: string; promptId: string }): string {
  if (CANONICAL_UUID.test(promptId)) return promptId;
  const digest = createHash("sha256").update(`hearth ${jobId}`).digest("hex");
  // Version 8 is for ids of one's own making.
  const hex = `${digest.slice(0, 12)}8${digest.slice(13, 16)}8${digest.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export interface Submission {
  readonly assignment: Assignment;
  /** JSON text of the prompt, with the names that files have on the ComfyUI */
  readonly prompt: string;
  readonly comfyId: string;
  readonly clientId: string;
  /** `undefined` for a class that is not known */
  readonly isOutputClass: (className: string) => boolean | undefined;
}

/** JSON text of the body. */
export function submissionBody(submission: Submission): string {
  const { assignment, prompt, comfyId, clientId } = submission;
  const { jobId, attempt, outputs } = assignment;
  const given = parseJson(assignment.extraData);
  const extraData = { ...(isJsonObject(given) ? given : {}), hearth: { job: jobId, attempt } };
  return printJson(
    {
      prompt: new RawJson(prompt),
      prompt_id: comfyId,
      client_id: clientId,
      extra_data: extraData,
      partial_execution_targets: isPart(submission) ? [...outputs] : undefined,
    },
    "compact",
  );
}

/** Whether only some of the prompt's output nodes are asked for. */
function isPart({ prompt, assignment, isOutputClass }: Submission): boolean {
  const asked = new Set(assignment.outputs);
  return entriesOf(parseJson(prompt) as JsonObject).some(([id, node]) => {
    const className = isJsonObject(node) ? node["class_type"] : undefined;
    return !asked.has(id) && typeof className === "string" && isOutputClass(className) === true;
  });
}

/** What an answer below 500 to a submit means. */
export function submitOutcome(
  answer: Answer,
  shown: string,
): { readonly comfyId: string } | { readonly failure: AttemptFailure } {
  const { status, text } = answer;
  let body: JsonValue;
  try {
    body = parseJson(text);
  } catch {
    body = null;
  }
  if (status === 200 && isJsonObject(body) && typeof body["prompt_id"] === "string") {
    return { comfyId: body["prompt_id"] };
  }
  if (status === 400 && isJsonObject(body)) {
    const { error, node_errors: nodeErrors } = body;
    const message = isJsonObject(error) ? error["message"] : error;
    return {
      failure: {
        kind: "refused",
        text: `${shown} refuses the prompt: ${typeof message === "string" ? message : "no reason given"}`,
        ...(isJsonObject(error) ? { error } : {}),
        ...(isJsonObject(nodeErrors) ? { nodeErrors } : {}),
      },
    };
  }
  const hint =
    status === 401 || status === 403
      ? ": it wants other credentials"
      : status === 413
        ? ": the prompt is too large for it"
        : "";
  return { failure: { kind: "unreachable", text: `${shown} answered the prompt with ${status}${hint}` } };
}
