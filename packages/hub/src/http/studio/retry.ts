/** Running a job again: `retry` rebuilds it from its parameters, `rerun` takes the prompt as it was stored. */
import { randomBytes } from "node:crypto";
import type { Job, JobRecord } from "@hearth/jobs";
import { isJsonObject, type JsonObject, type JsonValue, objectFrom, entriesOf } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { type Identity, sees } from "../../auth/identity.ts";
import { submitPrompt } from "../../jobs/submit.ts";
import { printJobDetails, type StudioJobDetails } from "../../studio/job-details.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import type { StudioJobParts } from "./job-parts.ts";
import { localTime } from "./local-time.ts";
import { detailsOf, ENDED, objectIn } from "./record.ts";

export const BODY = Type.Object({ prompt_id: Type.Optional(Type.Union([Type.String(), Type.Null()])) });

export function registerStudioRetry(app: FastifyInstance, parts: StudioJobParts): void {
  const { store } = parts;
  const register = ownContract(app, studioError);

  register("POST", "/api/admin/history/retry", "run", async (request, reply) => {
    const job = await endedJob(parts, request);
    const details = detailsOf(job);
    if (details.workflow_id === null)
      throw new HttpError(400, "Job has no workflow_id: it cannot be rebuilt");
    const rebuilt = await parts.rebuild(details, request.identity);
    if ("status" in rebuilt) throw new HttpError(rebuilt.status, rebuilt.detail);
    const promptId = await submit(
      parts,
      request.identity,
      { prompt: rebuilt.prompt },
      { ...rebuilt.details, retry_of: job.promptId },
    );
    return sendJson(reply, { prompt_id: promptId, retry_of: job.promptId });
  });

  register("POST", "/api/admin/history/rerun", "run", async (request, reply) => {
    const record = await endedJob(parts, request);
    const job = await store.get(record.id);
    if (job === undefined) throw new HttpError(404, "Job not found");
    const details = detailsOf(record);
    const fresh = freshDirectory(details.output_dir, parts.zone);
    const history = await store.historyById(job.promptId, record.owner);
    const targets = history?.id === job.id ? history.outputsToExecute : undefined;
    const promptId = await submit(parts, request.identity, bodyOf(job, details.output_dir, fresh, targets), {
      ...details,
      output_dir: fresh,
      retry_of: job.promptId,
    });
    return sendJson(reply, { prompt_id: promptId, retry_of: job.promptId });
  });
}

async function endedJob({ store }: StudioJobParts, request: FastifyRequest): Promise<JobRecord> {
  const { prompt_id: promptId } = checkedBody(request, BODY);
  if (promptId === undefined || promptId === null || promptId === "") {
    throw new HttpError(400, "prompt_id is missing");
  }
  const job = await store.recordByPromptId(promptId, sees(request.identity));
  if (job === undefined) throw new HttpError(404, "Job not found");
  if (!ENDED.includes(job.state)) throw new HttpError(409, `Job ${promptId} has not ended yet`);
  return job;
}

async function submit(
  parts: StudioJobParts,
  identity: Identity,
  body: JsonObject,
  details: StudioJobDetails,
): Promise<string> {
  const answer = await submitPrompt(parts.submit, {
    body,
    owner: identity.owner,
    surface: "studio",
    details: printJobDetails(details),
  });
  if (answer.status !== 200) throw new HttpError(500, `The prompt was refused: ${refusalText(answer.body)}`);
  parts.dispatcher.kick();
  return String(answer.body["prompt_id"]);
}

/** What is wrong with a prompt, node by node, in one line. */
function refusalText({ error, node_errors: nodes }: JsonObject): string {
  const words = isJsonObject(error) ? [`${text(error["message"])} ${text(error["details"])}`.trim()] : [];
  for (const [id, node] of isJsonObject(nodes) ? entriesOf(nodes) : []) {
    const errors = isJsonObject(node) && Array.isArray(node["errors"]) ? node["errors"] : [];
    for (const item of errors) {
      if (isJsonObject(item))
        words.push(`node ${id}: ${text(item["message"])} ${text(item["details"])}`.trim());
    }
  }
  return words.join("; ");
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A stored job as a submission; its files go to the new directory. */
function bodyOf(
  job: Job,
  oldDirectory: string | null,
  freshDirectory: string | null,
  targets: readonly string[] | undefined,
): JsonObject {
  const { create_time: _time, client_id: _client, ...extraData } = objectIn(job.extraData);
  const prompt = objectIn(job.prompt);
  return {
    prompt:
      oldDirectory === null || freshDirectory === null
        ? prompt
        : (redirected(prompt, `${oldDirectory}/`, `${freshDirectory}/`) as JsonObject),
    extra_data: extraData,
    ...(targets === undefined ? {} : { partial_execution_targets: [...targets] }),
  };
}

function redirected(value: JsonValue, from: string, to: string): JsonValue {
  if (typeof value === "string") return value.startsWith(from) ? to + value.slice(from.length) : value;
  if (Array.isArray(value)) return value.map((item) => redirected(item, from, to));
  if (!isJsonObject(value)) return value;
  return objectFrom(entriesOf(value).map(([key, item]) => [key, redirected(item, from, to)]));
}

/** `20260324_143052_a1b2c3`, for a job that had a directory of its own. */
function freshDirectory(old: string | null, zone: string | undefined): string | null {
  if (old === null) return null;
  const time = localTime(Date.now(), zone).replaceAll(/[-:]/g, "").replace("T", "_");
  return `${time}_${randomBytes(3).toString("hex")}`;
}
