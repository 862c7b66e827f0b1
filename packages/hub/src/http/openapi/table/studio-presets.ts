/** Presets and saved prompts of Studio. */
import { Type } from "typebox";
import { PresetSchema } from "../../../catalogue/presets/presets.ts";
import { RENAME } from "../../studio/presets.ts";
import { CHANGES, NEW } from "../../studio/saved-prompts.ts";
import { inQuery, json, jsonBody, type Operation } from "../operation.ts";
import { open, orNull } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { formBody, ID, studioRows } from "./studio-words.ts";

const TAG = "Studio: workflows";
const NO_PRESET = "There is no such preset.";
const NO_PROMPT = "There is no such saved prompt.";
const PRESETS = "/api/admin/presets";
const PROMPTS = "/api/admin/saved-prompts";
const preset = ref("StudioPreset");
const prompt = ref("StudioSavedPrompt");
const deleted = json("Deleted.", open({ deleted: Type.String() }));

export const STUDIO_PRESETS: readonly Operation[] = studioRows([
  {
    id: "studioListPresets",
    method: "GET",
    path: PRESETS,
    scope: "read",
    tag: TAG,
    summary: "All presets",
    answers: { 200: json("By id.", Type.Array(preset)) },
  },
  {
    id: "studioMakePreset",
    method: "POST",
    path: PRESETS,
    scope: "admin",
    tag: TAG,
    summary: "Make a preset",
    body: jsonBody(PresetSchema),
    answers: { 200: json("The preset.", preset) },
    refusals: { 404: "There is no such workflow.", 409: "The id is taken." },
  },
  {
    id: "studioImportPreset",
    method: "POST",
    path: `${PRESETS}/import`,
    scope: "admin",
    tag: TAG,
    summary: "Import a preset as it was exported",
    parameters: [inQuery("overwrite", "`true` or `1`: in place of one with this id.")],
    body: jsonBody(PresetSchema),
    answers: { 200: json("The preset, and `workflow_present`.", preset) },
    refusals: { 409: "The id is taken." },
  },
  {
    id: "studioGetPreset",
    method: "GET",
    path: `${PRESETS}/:id`,
    scope: "read",
    tag: TAG,
    summary: "One preset",
    parameters: [ID],
    answers: { 200: json("The preset.", preset) },
    refusals: { 404: NO_PRESET, 422: "Its file is broken." },
  },
  {
    id: "studioDeletePreset",
    method: "DELETE",
    path: `${PRESETS}/:id`,
    scope: "admin",
    tag: TAG,
    summary: "Delete a preset",
    parameters: [ID],
    answers: { 200: deleted },
    refusals: { 404: NO_PRESET },
  },
  {
    id: "studioRenamePreset",
    method: "PUT",
    path: `${PRESETS}/:id/rename`,
    scope: "admin",
    tag: TAG,
    summary: "Give a preset another id or name",
    description: "One of the two is needed.",
    parameters: [ID],
    body: jsonBody(RENAME),
    answers: { 200: json("The preset.", preset) },
    refusals: { 404: NO_PRESET, 409: "The id is taken." },
  },
  {
    id: "studioListPlaceholders",
    method: "GET",
    path: `${PRESETS}/:id/placeholders`,
    scope: "read",
    tag: TAG,
    summary: "What a preset asks for",
    parameters: [ID],
    answers: {
      200: json(
        "The questions in their order; `choices` is null for any text.",
        Type.Array(
          open({
            question: Type.String(),
            choices: orNull(ref("Strings")),
            params: ref("Strings"),
          }),
        ),
      ),
    },
    refusals: { 404: NO_PRESET, 422: "Its file is broken." },
  },
  {
    id: "studioExportPreset",
    method: "GET",
    path: `${PRESETS}/:id/export`,
    scope: "read",
    tag: TAG,
    summary: "A preset as a file",
    parameters: [ID],
    answers: { 200: json("The preset.", preset) },
    refusals: { 404: NO_PRESET, 422: "Its file is broken." },
  },
  {
    id: "studioRunPreset",
    method: "POST",
    path: `${PRESETS}/:id/run`,
    scope: "run",
    tag: TAG,
    summary: "Run a preset",
    description: "`answers`: question → answer; `params` count before those of the preset.",
    parameters: [ID],
    body: formBody(["answers", "params"], "input_image", { client_id: Type.Optional(Type.String()) }),
    answers: { 200: json("It is queued; `preset_id` says what.", ref("StudioRun")) },
    refusals: {
      400: "An answer, a parameter or the prompt is wrong.",
      404: "There is no such preset, or its workflow is not here.",
      413: "The upload is larger than the limit.",
      507: "The disk is full.",
    },
  },
  {
    id: "studioListSavedPrompts",
    method: "GET",
    path: PROMPTS,
    scope: "read",
    tag: TAG,
    summary: "Saved prompts of the caller",
    answers: { 200: json("The newest first; an admin sees all.", Type.Array(prompt)) },
  },
  {
    id: "studioSavePrompt",
    method: "POST",
    path: PROMPTS,
    scope: "run",
    tag: TAG,
    summary: "Save a prompt",
    body: jsonBody(NEW),
    answers: { 200: json("The saved prompt.", prompt) },
  },
  {
    id: "studioGetSavedPrompt",
    method: "GET",
    path: `${PROMPTS}/:id`,
    scope: "read",
    tag: TAG,
    summary: "One saved prompt",
    parameters: [ID],
    answers: { 200: json("The saved prompt.", prompt) },
    refusals: { 404: NO_PROMPT },
  },
  {
    id: "studioChangeSavedPrompt",
    method: "PUT",
    path: `${PROMPTS}/:id`,
    scope: "run",
    tag: TAG,
    summary: "Change a saved prompt",
    parameters: [ID],
    body: jsonBody(CHANGES),
    answers: { 200: json("The saved prompt.", prompt) },
    refusals: { 404: NO_PROMPT },
  },
  {
    id: "studioDeleteSavedPrompt",
    method: "DELETE",
    path: `${PROMPTS}/:id`,
    scope: "run",
    tag: TAG,
    summary: "Delete a saved prompt",
    parameters: [ID],
    answers: { 200: deleted },
    refusals: { 404: NO_PROMPT },
  },
]);
