/** `POST /v1/workflow`: a form becomes a job. */
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { isWorkflow } from "@hearth/graph/convert";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ControlDetails, ControlFile, JobWebhook } from "../../control/details.ts";
import { givenBy, type Submission } from "../../control/intake.ts";
import { JobFolder } from "../../control/job-folder.ts";
import { placeholdersOf, PlaceholderError, resolveValues } from "../../control/placeholders/index.ts";
import { summaryOf } from "../../control/snapshot.ts";
import { readEvents, webhookUrl } from "../../control/webhooks/endpoint.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { baseOf } from "./access.ts";
import type { ControlContext } from "./context.ts";
import { type ControlForm, receiveControlForm } from "./form.ts";
import { readGraph, utf8 } from "./graph.ts";
import { waitSeconds } from "./prefer.ts";
import { tagsOf } from "./tags.ts";
import { bodyOfTemplate } from "./templates.ts";

const LONGEST_NAME = 200;
/** A larger graph is no graph. */
const MOST_GRAPH_BYTES = 32 * 1024 * 1024;
const PLAIN_FIELDS = new Set([
  "name",
  "tags",
  "workflow_json",
  "template_id",
  "webhook_url",
  "webhook_events",
]);

export function registerCreate(context: ControlContext): void {
  const { registerRaw, parts, idempotency, intake, webhooks } = context;
  registerRaw("POST", "/v1/workflow", "run", async (request, reply) => {
    const id = randomUUID();
    const folder = new JobFolder(parts.folders.input, id);
    let isJob = false;
    try {
      const form = await receiveControlForm(request, await folder.make(), parts.maxUploadBytes);
      const submission = await readSubmission(request, context, form, folder, id);
      const { owner } = request.identity;
      const accept = async (): Promise<void> => {
        if (submission.details.webhook !== undefined) await webhooks.want();
        await intake.accept(submission);
        isJob = true;
      };
      const key = request.headers["idempotency-key"];
      if (typeof key !== "string") {
        await accept();
        return await answer(request, reply, context, id);
      }
      const { fingerprint } = form;
      const claim = await idempotency.once(owner, checkedKey(key), { id, fingerprint }, accept);
      if (claim.outcome === "taken") {
        throw new HttpError(409, `The Idempotency-Key '${key}' belongs to another request`);
      }
      if (claim.outcome === "new") return await answer(request, reply, context, id);
      await folder.remove();
      return await answer(request, reply.header("idempotent-replayed", "true"), context, claim.id);
    } finally {
      if (!isJob) await folder.remove();
    }
  });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  context: ControlContext,
  id: string,
): Promise<FastifyReply> {
  const wait = waitSeconds(request);
  if (wait !== undefined) {
    reply.header("preference-applied", `wait=${wait}`);
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort());
    await context.feeds.untilEnd(id, wait * 1000, AbortSignal.any([gone.signal, context.stopping]));
  }
  const record = await context.parts.store.recordByPromptId(id);
  if (record === undefined) throw new HttpError(404, `The workflow ${id} was deleted`);
  return sendJson(reply.header("location", `/v1/workflow/${id}`), summaryOf(record), 201);
}

const LONGEST_KEY = 255;

function checkedKey(key: string): string {
  if (key.length >= 1 && key.length <= LONGEST_KEY) return key;
  throw new HttpError(400, `Idempotency-Key must have 1 to ${LONGEST_KEY} characters`);
}

/** All that the form says, checked as far as this can be done without knowing the node classes. */
async function readSubmission(
  request: FastifyRequest,
  context: ControlContext,
  form: ControlForm,
  folder: JobFolder,
  id: string,
): Promise<Submission> {
  const { options } = context.parts;
  const name = form.fields.get("name") ?? "";
  if (name.trim() === "" || name.length > LONGEST_NAME) {
    throw new HttpError(400, `name must have 1 to ${LONGEST_NAME} characters`);
  }
  const details: ControlDetails = {
    name,
    tags: tagsOf(form.fields.get("tags")),
    ...readValues(form, folder),
    base: baseOf(request, options.publicUrl),
    webhook: readWebhook(form, options.webhooksToPrivate),
  };
  const workflow = await graphText(request, context, form, folder);
  const document = readGraph(workflow);
  try {
    const placeholders = placeholdersOf(document);
    resolveValues(placeholders, givenBy(details));
    // What runs is another graph than what was sent; people want to see theirs.
    if (placeholders.length > 0 || isWorkflow(document)) await folder.keepOriginal(workflow);
    else if (details.files.length === 0) await folder.remove();
  } catch (error) {
    if (error instanceof PlaceholderError) throw new HttpError(400, error.message);
    throw error;
  }
  return { id, owner: request.identity.owner, workflow, details };
}

function readValues(form: ControlForm, folder: JobFolder): Pick<ControlDetails, "params" | "files"> {
  const params: { key: string; value: string }[] = [];
  const files: ControlFile[] = [];
  for (const [key, value] of form.fields) {
    if (PLAIN_FIELDS.has(key)) continue;
    if (!/^[$#]./.test(key)) {
      throw new HttpError(400, `'${key}' is no field: values are given as $name, choices as #name`);
    }
    params.push({ key, value });
  }
  for (const [key, { filename, arrived, size, hash }] of form.files) {
    if (key === "workflow_json") continue;
    if (!key.startsWith("$")) throw new HttpError(400, `'${key}' is no field: files are given as $name`);
    const placeholder = key.slice(1);
    params.push({ key, value: filename });
    files.push({
      placeholder,
      name: filename,
      file: folder.fileFor(placeholder, filename, files.length),
      arrived,
      size,
      hash,
    });
  }
  return { params, files };
}

function readWebhook({ fields }: ControlForm, toPrivate: boolean): JobWebhook | undefined {
  const url = fields.get("webhook_url");
  const events = fields.get("webhook_events");
  if (url === undefined) {
    if (events !== undefined) throw new HttpError(400, "webhook_events is of no use without webhook_url");
    return undefined;
  }
  return {
    url: webhookUrl(url, toPrivate),
    events: readEvents(events?.split(",").map((word) => word.trim())),
  };
}

/** The graph as it was sent: a file, a text, or the body of a template. */
async function graphText(
  request: FastifyRequest,
  context: ControlContext,
  { files, fields }: ControlForm,
  folder: JobFolder,
): Promise<string> {
  const file = files.get("workflow_json");
  const given = fields.get("workflow_json");
  const template = fields.get("template_id");
  if (template !== undefined) {
    if (file !== undefined || given !== undefined) {
      throw new HttpError(400, "workflow_json or template_id, not both");
    }
    return bodyOfTemplate(request, context, template);
  }
  if (given !== undefined) return given;
  if (file === undefined) throw new HttpError(400, "workflow_json is missing: the workflow as a JSON file");
  if (file.size > MOST_GRAPH_BYTES) {
    throw new HttpError(413, `workflow_json is larger than ${MOST_GRAPH_BYTES} bytes`);
  }
  const arrived = path.join(folder.path, file.arrived);
  const bytes = await readFile(arrived);
  await rm(arrived);
  return utf8(bytes, "workflow_json");
}
