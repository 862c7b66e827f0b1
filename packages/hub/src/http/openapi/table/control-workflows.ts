/** Workflows of Control: making them, following them, and their files. */
import { Type } from "typebox";
import { OUTPUT_PATH } from "../../../control/signing.ts";
import { QUERY as SUBSCRIBE } from "../../control/subscribe.ts";
import { LIST_QUERY } from "../../control/workflows.ts";
import { BINARY, bytes, empty, inPath, inQuery, json, type Operation, type Parameter } from "../operation.ts";
import { open } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { problemAnswer, queryOf } from "./contract-row.ts";
import { controlRows, ID, page, PAGE_TEXTS } from "./control-words.ts";

const TAG = "Control";
const NONE = "There is no such workflow.";
const text = Type.Optional(Type.String());

function header(name: string, description: string): Parameter {
  return { name, in: "header", required: false, description, schema: Type.String() };
}

const FORM = open(
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    tags: Type.Optional(Type.String({ description: "with commas between them" })),
    workflow_json: Type.Optional(Type.Unsafe({ ...BINARY, description: "the graph; or `template_id`" })),
    template_id: text,
    webhook_url: text,
    webhook_events: Type.Optional(Type.String({ description: "with commas between them" })),
  },
  "Further fields are values: `$name` a text or a file, `#name` a choice.",
);

const OUTPUT: Operation = {
  id: "controlGetOutput",
  method: "GET",
  path: `${OUTPUT_PATH}/:id/:output/:name`,
  open: true,
  tag: TAG,
  summary: "A file behind a signed URL",
  description: "Needs no key: the signature is enough. Ask `controlListOutputs` for the URL.",
  parameters: [
    inPath("id", "The workflow."),
    inPath("output", "The output."),
    inPath("name", "The file's name."),
    inQuery("expires", "As signed."),
    inQuery("signature", "As signed."),
  ],
  answers: {
    200: bytes("The file.", "*/*"),
    206: bytes("The range that was asked for.", "*/*"),
    304: empty("It is as the caller knows it."),
    403: problemAnswer("ControlProblem", "The signature does not fit, or the URL is too old."),
    404: problemAnswer("ControlProblem", "The file is not there any more."),
    416: empty("The range lies outside the file."),
  },
};

export const CONTROL_WORKFLOWS: readonly Operation[] = [
  ...controlRows([
    {
      id: "controlListWorkflows",
      method: "GET",
      path: "/v1/workflow",
      scope: "read",
      tag: TAG,
      summary: "Workflows, the newest first",
      parameters: queryOf(
        { properties: { ...LIST_QUERY.properties, status: ref("ControlStatus") } },
        { ...PAGE_TEXTS, status: "Only those that stand so." },
      ),
      answers: { 200: json("A page of them.", page("workflows", ref("ControlSummary"))) },
    },
    {
      id: "controlCreateWorkflow",
      method: "POST",
      path: "/v1/workflow",
      scope: "run",
      tag: TAG,
      summary: "Run a workflow",
      parameters: [
        header("Idempotency-Key", "The same form under the same key is one workflow."),
        header("Prefer", "`wait=n`: answer when it has ended, after at most n and 60 seconds."),
      ],
      body: { required: true, content: { "multipart/form-data": FORM } },
      answers: { 201: json("It is accepted; `Location` says where it is.", ref("ControlSummary")) },
      refusals: {
        404: "There is no such template, or the workflow was deleted meanwhile.",
        409: "The Idempotency-Key belongs to another request.",
        413: "The form or its graph is larger than the limit.",
        507: "The disk is full.",
      },
    },
    {
      id: "controlGetWorkflow",
      method: "GET",
      path: "/v1/workflow/:id",
      scope: "read",
      tag: TAG,
      summary: "One workflow",
      parameters: [ID],
      answers: { 200: json("All of it.", ref("ControlWorkflow")) },
      refusals: { 404: NONE },
    },
    {
      id: "controlListOutputs",
      method: "GET",
      path: "/v1/workflow/:id/outputs",
      scope: "read",
      tag: TAG,
      summary: "Signed URLs of a workflow's files",
      parameters: [ID],
      answers: { 200: json("The files.", Type.Array(ref("ControlOutput"))) },
      refusals: { 404: "There is no such workflow, or it has not completed." },
    },
    {
      id: "controlCancelWorkflow",
      method: "POST",
      path: "/v1/workflow/:id/cancel",
      scope: "run",
      tag: TAG,
      summary: "Stop a workflow",
      parameters: [ID],
      answers: { 200: empty("It stops.") },
      refusals: { 400: "It neither waits nor runs.", 404: NONE, 500: "Its worker cannot be reached." },
    },
    {
      id: "controlFollowWorkflow",
      method: "GET",
      path: "/v1/workflow/:id/subscribe",
      scope: "read",
      tag: TAG,
      summary: "Snapshots of a workflow as server-sent events",
      parameters: [
        ID,
        ...queryOf(SUBSCRIBE, {
          push: "`1`: changes at once, not only in turn.",
          ids: "`1`: events have ids.",
          limit: "Snapshots after which the stream ends; 0: none.",
        }),
        header("Last-Event-ID", "The last event that the client has."),
      ],
      answers: {
        200: {
          description: "A whole snapshot in each event, until the workflow ends.",
          content: { "text/event-stream": Type.String() },
        },
        204: empty("There is nothing left to say."),
      },
      refusals: { 404: NONE },
    },
    {
      id: "controlGetUser",
      method: "GET",
      path: "/v1/user",
      scope: "read",
      tag: TAG,
      summary: "Whose key it is",
      answers: {
        200: json("The owner.", open({ id: Type.String(), name: Type.String(), scopes: ref("Strings") })),
      },
    },
  ]),
  OUTPUT,
];
