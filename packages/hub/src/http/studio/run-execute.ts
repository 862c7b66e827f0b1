/** Making a job of a catalogue workflow: `POST /api/run/{id}/execute`, and the presets that end there too. */
import { randomUUID } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { type JsonObject, OutsideError, resolveInside } from "@hearth/protocol";
import { may } from "../../auth/identity.ts";
import type { Identity } from "../../auth/identity.ts";
import { submitPrompt } from "../../jobs/submit.ts";
import { printJobDetails, type RebuiltJob } from "../../studio/job-details.ts";
import { HttpError } from "../errors.ts";
import { refusalText } from "./run-errors.ts";
import { dropFile, keepInput, type RunForm, textField } from "./run-form.ts";
import type { RunContext } from "./run-parts.ts";

/** Names a file of the input folder instead of uploading one. */
const EXISTING = "_existing_input_image";

export interface RunAnswer {
  readonly prompt_id: string;
  readonly client_id: string;
  readonly seeds: JsonObject;
}

/**
 * Runs a workflow with parameters and the file of a form.
 * @throws HttpError 400 with the node errors in its words, UnknownWorkflowError, WorkflowError, ParamsError
 */
export async function execute(
  context: RunContext,
  identity: Identity,
  workflowId: string,
  params: JsonObject,
  form: RunForm,
): Promise<RunAnswer> {
  let kept: string | undefined;
  let isAccepted = false;
  try {
    // What is wrong with the workflow or its id is said before a file is kept.
    await context.catalogue.manifest(workflowId);
    const clientId = textField(form.fields, "client_id") ?? randomUUID();
    if (form.file !== undefined) kept = await keepInput(form.file, context);
    const inputImage = kept ?? (await existingInput(context, params));
    const prepared = await context.runner.prepare(workflowId, { params, inputImage });
    const promptId = await submitRun(context, identity, prepared, clientId);
    isAccepted = true;
    return { prompt_id: promptId, client_id: clientId, seeds: prepared.details.seeds };
  } finally {
    await dropFile(form);
    if (kept !== undefined && !isAccepted) {
      await rm(path.join(context.folders.input, kept), { force: true });
    }
  }
}

/** Queues a prepared run; gives its prompt id. @throws HttpError 400 when the prompt is not valid */
export async function submitRun(
  context: RunContext,
  identity: Identity,
  { prompt, details }: RebuiltJob,
  clientId: string,
): Promise<string> {
  if (!may(identity, "run")) throw new HttpError(403);
  const { status, body } = await submitPrompt(context.submit, {
    body: { prompt, client_id: clientId },
    owner: identity.owner,
    surface: "studio",
    details: printJobDetails(details),
  });
  if (status !== 200) throw new HttpError(400, refusalText(body, prompt));
  context.dispatcher.kick();
  return String(body["prompt_id"]);
}

async function existingInput(context: RunContext, params: JsonObject): Promise<string | null> {
  const name = params[EXISTING];
  if (name === undefined || name === null || name === "") return null;
  if (typeof name !== "string") throw new HttpError(400, `${EXISTING} must be the name of a file`);
  try {
    const file = await resolveInside(context.folders.input, name);
    if ((await stat(file)).isFile()) return name;
  } catch (error) {
    const isAbsent = ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!isAbsent && !(error instanceof OutsideError)) throw error;
  }
  throw new HttpError(400, `${EXISTING}: there is no file '${name}' in the input folder`);
}
