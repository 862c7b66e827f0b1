/** `POST /prompt`: from a body to an accepted job (section 3.3). */
import { randomUUID } from "node:crypto";
import { applyReplacements, validatePrompt, type ValidationResult } from "@hearth/graph";
import { type JobStore, PromptIdInUseError, type Surface } from "@hearth/jobs";
import {
  isJsonObject,
  JsonFloat,
  type JsonObject,
  type JsonValue,
  printJson,
  toNumber,
  type ValidatorOutcome,
} from "@hearth/protocol";
import type { Placed } from "../workers/placement.ts";
import { promptOfWorkflow } from "./submit-workflow.ts";
import type { QueueCount } from "./queue-count.ts";

/** Kept apart, and never given back by any route. */
const SENSITIVE = ["auth_token_comfy_org", "api_key_comfy_org"];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface SubmitParts {
  readonly store: JobStore;
  readonly queue: QueueCount;
  readonly whenNodesKnown: () => Promise<void>;
  readonly classes: Parameters<typeof validatePrompt>[1]["classes"];
  readonly runValidator: (className: string, given: JsonObject) => Promise<ValidatorOutcome>;
  /** what a worker must have for a valid prompt, or why none can ever run it */
  readonly place: (prompt: JsonObject, outputs: readonly string[], tags?: readonly string[]) => Placed;
  /** a job was queued */
  readonly accepted: () => void;
}

export interface SubmitRequest {
  readonly body: JsonValue;
  readonly owner: string;
  /** the contract through which it came; default: ComfyUI's */
  readonly surface?: Surface;
  /** JSON text that the contract wants back with the job */
  readonly details?: string;
  /** the request's `Comfy-Usage-Source` header */
  readonly usageSource?: string | undefined;
  /** called right before the prompt becomes a job, with who will follow it */
  readonly beforeAccept?: (clientId: string | undefined) => void;
}

export interface SubmitAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

function refuse(type: string, message: string, details: string, status = 400): SubmitAnswer {
  return { status, body: { error: { type, message, details, extra_info: {} }, node_errors: {} } };
}

/** What a request may say besides the prompt; a wrong kind of value is refused by name. */
function badField(body: JsonObject): SubmitAnswer | undefined {
  const wrong = (name: string, wanted: string): SubmitAnswer =>
    refuse("invalid_request", `${name} must be ${wanted}`, `${name} must be ${wanted}`);
  const { number, extra_data, client_id, partial_execution_targets } = body;
  if (number !== undefined && Number.isNaN(numberOf(number))) return wrong("number", "a number");
  if (extra_data !== undefined && !isJsonObject(extra_data)) return wrong("extra_data", "an object");
  if (Array.isArray(client_id) || isJsonObject(client_id)) return wrong("client_id", "a string");
  if (partial_execution_targets != null && !Array.isArray(partial_execution_targets)) {
    return wrong("partial_execution_targets", "a list of node ids");
  }
  return undefined;
}

/** `number` as ComfyUI takes it: anything that Python's `float()` reads. */
function numberOf(value: JsonValue): number {
  if (typeof value === "string" && value.trim() !== "") return Number(value);
  return typeof value === "boolean" ? Number(value) : toNumber(value);
}

/** Completes a prompt in place (classes that were renamed) and validates it as `POST /prompt` does. */
export async function checkPrompt(
  parts: SubmitParts,
  prompt: JsonObject,
  targets: readonly string[] | null = null,
): Promise<ValidationResult> {
  await parts.whenNodesKnown();
  applyReplacements(prompt, parts.classes);
  return validatePrompt(prompt, {
    classes: parts.classes,
    runValidator: (name, input) => parts.runValidator(name, { ...input }),
    targets,
  });
}

/**
 * Validates the prompt and makes it a job. The answer is given only once the job is durable.
 */
export async function submitPrompt(
  parts: SubmitParts,
  { body, owner, surface = "comfy", details, usageSource, beforeAccept }: SubmitRequest,
): Promise<SubmitAnswer> {
  if (!isJsonObject(body)) return refuse("no_prompt", "No prompt provided", "No prompt provided");
  const bad = badField(body);
  if (bad !== undefined) return bad;
  const given = body["number"];
  const number = given === undefined ? undefined : numberOf(given);
  const front = given === undefined && isTruthy(body["front"]);
  const reject = async (answer: SubmitAnswer): Promise<SubmitAnswer> => {
    // ComfyUI counts refused prompts too.
    if (number === undefined) await parts.store.takeNumber();
    return answer;
  };
  const { workflow } = body;
  let { prompt, extra_data: givenExtra } = body;
  if (prompt === undefined && isJsonObject(workflow)) {
    await parts.whenNodesKnown();
    const converted = await promptOfWorkflow(workflow, givenExtra, (name) => parts.classes(name)?.info);
    if ("error" in converted) return reject({ status: 400, body: { ...converted } });
    ({ prompt, extraData: givenExtra } = converted);
  }
  if (prompt === undefined) return reject(refuse("no_prompt", "No prompt provided", "No prompt provided"));
  const promptId = body["prompt_id"] ?? null;
  if (promptId !== null && (typeof promptId !== "string" || !UUID.test(promptId))) {
    return reject(
      refuse(
        "invalid_prompt_id",
        "prompt_id must be a valid UUID",
        "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one",
      ),
    );
  }
  if (!isJsonObject(prompt)) {
    return reject(
      refuse("invalid_prompt", "The prompt must be an object", "prompt must map node ids to nodes"),
    );
  }
  const targets = body["partial_execution_targets"] as string[] | null | undefined;
  const result = await checkPrompt(parts, prompt, targets ?? null);
  if (!result.valid)
    return reject({ status: 400, body: { error: result.error, node_errors: result.nodeErrors } });
  const placed = parts.place(prompt, result.outputs);
  if ("error" in placed) return reject({ status: 400, body: { error: placed.error, node_errors: {} } });

  const clientId = body["client_id"];
  const follower = clientId == null ? undefined : String(clientId);
  const extraData: JsonObject = { ...(givenExtra as JsonObject | undefined) };
  if (clientId !== undefined) extraData["client_id"] = clientId;
  if (usageSource !== undefined) extraData["comfy_usage_source"] ??= usageSource;
  const sensitive: JsonObject = {};
  for (const key of SENSITIVE) {
    if (extraData[key] === undefined) continue;
    sensitive[key] = extraData[key];
    delete extraData[key];
  }
  const createdAt = Date.now();
  extraData["create_time"] = createdAt;
  beforeAccept?.(follower);
  try {
    const job = await parts.store.accept({
      promptId: promptId ?? randomUUID(),
      prompt: printJson(prompt),
      extraData: printJson(extraData),
      sensitive: Object.keys(sensitive).length === 0 ? undefined : printJson(sensitive),
      outputsToExecute: result.outputs,
      number,
      front,
      clientId: follower,
      owner,
      createdAt,
      workflowId: workflowId(extraData),
      surface,
      details,
      needs: placed.needs,
    });
    if (job.isNew) {
      parts.queue.queued();
      parts.accepted();
    }
    return {
      status: 200,
      body: {
        prompt_id: job.promptId,
        number: number === undefined ? Number(job.number) : new JsonFloat(number),
        node_errors: result.nodeErrors,
      },
    };
  } catch (error) {
    if (!(error instanceof PromptIdInUseError)) throw error;
    return refuse("prompt_id_in_use", "prompt_id is in use by another prompt", error.message, 409);
  }
}

function isTruthy(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return value instanceof JsonFloat ? value.value !== 0 : Boolean(value);
}

function workflowId(extraData: JsonObject): string | undefined {
  const pnginfo = extraData["extra_pnginfo"];
  const workflow = isJsonObject(pnginfo) ? pnginfo["workflow"] : undefined;
  const id = isJsonObject(workflow) ? workflow["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}
