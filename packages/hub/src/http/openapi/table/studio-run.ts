/** Workflows of Studio's catalogue, and running them. */
import { Type } from "typebox";
import { RESULT_QUERY } from "../../studio/run-result.ts";
import { BINARY, bytes, empty, inPath, inQuery, json, type Operation } from "../operation.ts";
import { ANYTHING, anyObject, open, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { queryOf } from "./contract-row.ts";
import { formBody, ID, studioRows } from "./studio-words.ts";

const TAG = "Studio: workflows";
const NO_WORKFLOW = "There is no such workflow.";
const PROMPT_ID = inPath("promptId", "The job.");
const TOO_LARGE = { 413: "The upload is larger than the limit.", 507: "The disk is full." };
const text = Type.String();

export const STUDIO_RUN: readonly Operation[] = studioRows([
  {
    id: "studioListWorkflows",
    method: "GET",
    path: "/api/admin/workflows",
    scope: "read",
    tag: TAG,
    summary: "Workflows of the catalogue",
    answers: {
      200: json(
        "Their manifests without the inputs, and whether they could run.",
        Type.Array(open({ id: text, name: text, ready: Type.Boolean() })),
      ),
    },
  },
  {
    id: "studioGetWorkflow",
    method: "GET",
    path: "/api/admin/workflows/:id",
    scope: "read",
    tag: TAG,
    summary: "One workflow: manifest, form, graph",
    parameters: [ID],
    answers: { 200: json("The workflow; `workflow` or `blocks` is its graph.", ref("StudioReadiness")) },
    refusals: { 404: NO_WORKFLOW, 422: "The manifest is broken." },
  },
  {
    id: "studioDeleteWorkflow",
    method: "DELETE",
    path: "/api/admin/workflows/:id",
    scope: "admin",
    tag: TAG,
    summary: "Delete a workflow",
    parameters: [ID],
    answers: { 200: json("Deleted.", open({ deleted: text })) },
    refusals: { 404: NO_WORKFLOW },
  },
  {
    id: "studioImportWorkflow",
    method: "POST",
    path: "/api/admin/workflows/import",
    scope: "admin",
    tag: TAG,
    summary: "Propose a workflow from a file or graph, and keep it",
    description:
      "Takes the file (JSON, or a picture with a graph inside), or `workflow` or `prompt` as JSON.",
    body: formBody(["workflow", "prompt", "manifest"], "file", {
      id: Type.Optional(text),
      name: Type.Optional(text),
      save: Type.Optional(Type.Unsafe({ description: "true, or the texts `true` and `1`: keep it" })),
    }),
    answers: {
      200: json(
        "The proposal, and what is missing here.",
        open({
          format: text,
          manifest: anyObject(),
          missing: anyObject(),
          prompt: anyObject(),
          saved: Type.Boolean(),
        }),
      ),
    },
    refusals: { 409: "The id is taken, or node classes are missing.", ...TOO_LARGE },
  },
  {
    id: "studioGetForm",
    method: "GET",
    path: "/api/run/:id",
    scope: "read",
    tag: TAG,
    summary: "The form of a workflow",
    parameters: [ID],
    answers: { 200: json("The manifest with its inputs, and whether it could run.", ref("StudioReadiness")) },
    refusals: { 404: NO_WORKFLOW, 422: "The manifest is broken." },
  },
  {
    id: "studioUploadImage",
    method: "POST",
    path: "/api/run/upload-image",
    scope: "run",
    tag: TAG,
    summary: "Put a file into the input folder",
    body: { required: true, content: { "multipart/form-data": open({ file: BINARY }) } },
    answers: { 200: json("The name that it got.", open({ filename: text })) },
    refusals: TOO_LARGE,
  },
  {
    id: "studioBuildPrompt",
    method: "POST",
    path: "/api/run/:id/build",
    scope: "run",
    tag: TAG,
    summary: "The prompt that an execution would queue",
    parameters: [ID, inQuery("format", "A prompt, or a graph for an editor.", words("api", "workflow"))],
    body: formBody(["params"], "input_image"),
    answers: { 200: json("The prompt, or the graph.", anyObject()) },
    refusals: {
      400: "A parameter is wrong.",
      404: NO_WORKFLOW,
      409: "The graph needs node classes that are not here.",
      ...TOO_LARGE,
    },
  },
  {
    id: "studioExecute",
    method: "POST",
    path: "/api/run/:id/execute",
    scope: "run",
    tag: TAG,
    summary: "Run a workflow",
    parameters: [ID],
    body: formBody(["params"], "input_image", { client_id: Type.Optional(text) }),
    answers: { 200: json("It is queued.", ref("StudioRun")) },
    refusals: { 400: "A parameter or the prompt is wrong.", 404: NO_WORKFLOW, ...TOO_LARGE },
  },
  {
    id: "studioGetStatus",
    method: "GET",
    path: "/api/run/status/:promptId",
    scope: "read",
    tag: TAG,
    summary: "How a job stands",
    parameters: [PROMPT_ID],
    answers: { 200: json("Its progress, and what became of it so far.", ref("StudioProgress")) },
    refusals: { 404: "There is no such job." },
  },
  {
    id: "studioGetResult",
    method: "GET",
    path: "/api/run/result/:promptId",
    scope: "read",
    tag: TAG,
    summary: "What a job made",
    parameters: [PROMPT_ID, ...queryOf(RESULT_QUERY, { output_type: "Only files of this kind." })],
    answers: {
      200: json(
        "Its files, the best first.",
        open({
          prompt_id: text,
          status: ref("StudioStatus"),
          output: ANYTHING,
          outputs: Type.Array(ref("StudioOutputFile")),
        }),
      ),
    },
    refusals: {
      404: "There is no such job, or no file of this kind.",
      409: "The job has not ended.",
    },
  },
  {
    id: "studioViewFile",
    method: "GET",
    path: "/api/comfyui/view",
    scope: "read",
    tag: "Studio: files",
    summary: "A file of a job",
    description: "Takes what `viewFile` takes.",
    parameters: [
      { ...inQuery("filename", "Its name."), required: true },
      inQuery("type", "Its folder; absent: `output`.", words("input", "output", "temp")),
      inQuery("subfolder", "The folder below."),
    ],
    answers: {
      200: bytes("The file.", "*/*"),
      206: bytes("The range that was asked for.", "*/*"),
      304: empty("It is as the caller knows it."),
      416: empty("The range lies outside the file."),
    },
    refusals: {
      403: "The path leaves its folder, or the key lacks the scope.",
      404: "There is no such file.",
    },
  },
]);
