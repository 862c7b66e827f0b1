/** The runner of Studio: `/api/run/…` but for its socket. */
import { keysOf, type JsonObject } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { formInputs } from "../../catalogue/form.ts";
import { knownModels, readinessOf } from "../../catalogue/readiness.ts";
import { workflowOfPrompt } from "../../catalogue/ui-graph.ts";
import { ConvertError } from "@hearth/graph/convert";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { execute } from "./run-execute.ts";
import { answering } from "./run-errors.ts";
import { dropFile, keepInput, objectField, receiveRun, withForms } from "./run-form.ts";
import type { RunContext } from "./run-parts.ts";
import { registerRunResult } from "./run-result.ts";
import { registerRunView } from "./run-view.ts";

/** The id in the path. */
export function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

export function registerRun(app: FastifyInstance, context: RunContext): void {
  const register = ownContract(app, studioError);
  register(
    "GET",
    "/api/run/:id",
    "read",
    answering(async (request, reply) => {
      const workflow = await context.catalogue.get(idOf(request));
      const { manifest } = workflow;
      await context.submit.whenNodesKnown();
      return sendJson(reply, {
        ...manifest,
        inputs: formInputs(manifest, context.names),
        ...readinessOf(workflow, knownModels(context), context.nodeInfo),
      });
    }),
  );
  registerRunResult(register, context);
  registerRunView(app, register, context.folders);
  withForms(app, (child) => registerForms(child, context));
}

function registerForms(app: FastifyInstance, context: RunContext): void {
  const register = ownContract(app, studioError);
  register(
    "POST",
    "/api/run/upload-image",
    "run",
    answering(async (request, reply) => {
      const form = await receiveRun(request, "file", context);
      try {
        if (form.file === undefined || form.file.filename === "") {
          throw new HttpError(422, "the form has no file in the field 'file'");
        }
        return sendJson(reply, { filename: await keepInput(form.file, context) });
      } finally {
        await dropFile(form);
      }
    }),
  );
  register(
    "POST",
    "/api/run/:id/build",
    "run",
    answering(async (request, reply) => {
      const { format = "api" } = request.query as { format?: string };
      if (format !== "api" && format !== "workflow")
        throw new HttpError(422, "format must be api or workflow");
      const form = await receiveRun(request, "input_image", context);
      await dropFile(form);
      const params = paramsOf(form.fields);
      const inputImage = params["_existing_input_image"];
      const { prompt } = await context.runner.build(idOf(request), {
        params,
        inputImage: typeof inputImage === "string" ? inputImage : null,
      });
      return sendJson(reply, format === "api" ? prompt : asWorkflow(prompt, context));
    }),
  );
  register(
    "POST",
    "/api/run/:id/execute",
    "run",
    answering(async (request, reply) => {
      const form = await receiveRun(request, "input_image", context);
      try {
        const params = objectField(form.fields, "params");
        return sendJson(reply, await execute(context, request.identity, idOf(request), params, form));
      } finally {
        await dropFile(form);
      }
    }),
  );
}

/** `params` of a form; of a JSON body also the parameters themselves. */
function paramsOf(fields: JsonObject): JsonObject {
  return fields["params"] === undefined && keysOf(fields).length > 0 ? fields : objectField(fields, "params");
}

function asWorkflow(prompt: JsonObject, { nodeInfo }: RunContext): JsonObject {
  try {
    return workflowOfPrompt(prompt, nodeInfo);
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    throw new HttpError(409, `The workflow needs what is not here: ${error.message}`);
  }
}
