/** Presets: `/api/admin/presets`. */
import type { FastifyInstance, FastifyReply } from "fastify";
import Type from "typebox";
import { UnknownWorkflowError } from "../../catalogue/errors.ts";
import { placeholdersIn, withAnswers } from "../../catalogue/presets/placeholders.ts";
import {
  type Preset,
  PRESET_ID,
  presetId,
  printPreset,
  readPreset,
} from "../../catalogue/presets/presets.ts";
import { keptParams } from "../../catalogue/values/read-params.ts";
import { bodyJson, JSON_TYPE, sendJson, sendText } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { disposition } from "../send-file.ts";
import { checkedBody } from "../validate.ts";
import { execute } from "./run-execute.ts";
import { answering } from "./run-errors.ts";
import { dropFile, objectField, receiveRun, withForms } from "./run-form.ts";
import type { RunContext } from "./run-parts.ts";
import { idOf } from "./run.ts";

export const RENAME = Type.Object({
  new_id: Type.Optional(Type.String({ pattern: PRESET_ID.source })),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
});

export function registerPresets(app: FastifyInstance, context: RunContext): void {
  const register = ownContract(app, studioError);
  const { presets } = context;
  const PATH = "/api/admin/presets";
  register("GET", PATH, "read", async (_request, reply) => sendJson(reply, await presets.list()));
  register(
    "POST",
    PATH,
    "admin",
    answering(async (request, reply) => {
      const given = readPreset(bodyJson(request));
      const preset = { ...given, workflow: { ...given.workflow, params: keptParams(given.workflow.params) } };
      const { name } = await context.catalogue.manifest(preset.workflow.workflow_id);
      const made = { ...preset, workflow: { ...preset.workflow, workflow_name: name } };
      await presets.put(made);
      return sendJson(reply, made);
    }),
  );
  register(
    "POST",
    `${PATH}/import`,
    "admin",
    answering(async (request, reply) => {
      const preset = readPreset(bodyJson(request));
      const { overwrite } = request.query as { overwrite?: string };
      await presets.put(preset, overwrite === "true" || overwrite === "1");
      return sendJson(reply, { ...preset, workflow_present: await isPresent(preset, context) });
    }),
  );
  register(
    "GET",
    `${PATH}/:id`,
    "read",
    answering(async (request, reply) => sendJson(reply, await presets.get(idOf(request)))),
  );
  register(
    "DELETE",
    `${PATH}/:id`,
    "admin",
    answering(async (request, reply) => {
      await presets.remove(idOf(request));
      return sendJson(reply, { deleted: idOf(request) });
    }),
  );
  register(
    "PUT",
    `${PATH}/:id/rename`,
    "admin",
    answering(async (request, reply) => {
      const { new_id: newId, name } = checkedBody(request, RENAME);
      if (newId === undefined && name === undefined) throw new HttpError(422, "new_id or name is required");
      return sendJson(reply, await presets.rename(idOf(request), newId ?? presetId(name ?? ""), name));
    }),
  );
  register(
    "GET",
    `${PATH}/:id/placeholders`,
    "read",
    answering(async (request, reply) =>
      sendJson(reply, placeholdersIn((await presets.get(idOf(request))).workflow.params)),
    ),
  );
  register(
    "GET",
    `${PATH}/:id/export`,
    "read",
    answering(async (request, reply) => sendExport(reply, await presets.get(idOf(request)))),
  );
  withForms(app, (child) => registerPresetRun(child, context, `${PATH}/:id/run`));
}

/** Takes `answers` (question → answer), further `params`, and a picture, and answers as an execution does. */
function registerPresetRun(app: FastifyInstance, context: RunContext, path: string): void {
  ownContract(app, studioError)(
    "POST",
    path,
    "run",
    answering(async (request, reply) => {
      const form = await receiveRun(request, "input_image", context);
      try {
        const preset = await context.presets.get(idOf(request));
        const answered = withAnswers(preset.workflow.params, objectField(form.fields, "answers"));
        const params = { ...answered, ...objectField(form.fields, "params") };
        const run = await execute(context, request.identity, preset.workflow.workflow_id, params, form);
        return sendJson(reply, { ...run, preset_id: preset.id });
      } finally {
        await dropFile(form);
      }
    }),
  );
}

async function isPresent({ workflow }: Preset, { catalogue }: RunContext): Promise<boolean> {
  try {
    await catalogue.manifest(workflow.workflow_id);
    return true;
  } catch (error) {
    if (error instanceof UnknownWorkflowError) return false;
    throw error;
  }
}

function sendExport(reply: FastifyReply, preset: Preset): FastifyReply {
  reply.header("content-disposition", disposition(`${preset.id}.json`, "attachment"));
  return sendText(reply, printPreset(preset), JSON_TYPE);
}
