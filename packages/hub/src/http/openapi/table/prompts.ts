/** `/prompt`, `/queue`, `/interrupt`, `/free`, `/history`. */
import { Type } from "typebox";
import {
  type Answer,
  COMFY_USER,
  empty,
  inPath,
  inQuery,
  json,
  jsonBody,
  type Operation,
} from "../operation.ts";
import { open } from "../schema.ts";
import { ref } from "../schemas/ref.ts";

const INVALID_JSON = json("The body is not JSON; `error.details` says where.", ref("PromptRefusal"));
const WRONG_BODY: Answer = {
  description: "The body is not JSON (said as JSON), or neither object nor list (said as text).",
  content: { "application/json": ref("PromptRefusal"), "text/plain": Type.String() },
};
const NOT_A_NUMBER = json("`max_items` or `offset` is no integer.", ref("Problem"));
const IGNORED = "members of another kind are ignored";

export const PROMPTS: readonly Operation[] = [
  {
    id: "getQueueCount",
    method: "GET",
    path: "/api/prompt",
    twin: true,
    tag: "prompts",
    summary: "How many jobs wait or run",
    answers: { 200: json("The number.", ref("QueueCount")) },
  },
  {
    id: "submitPrompt",
    method: "POST",
    path: "/api/prompt",
    twin: true,
    tag: "prompts",
    summary: "Run a prompt",
    description:
      "Checks the prompt and makes it a job. The job is on disk before the answer leaves. Outputs whose inputs are wrong are left out and named in `node_errors`; when no output is left, the prompt is refused.",
    parameters: [
      COMFY_USER,
      {
        name: "Comfy-Usage-Source",
        in: "header",
        required: false,
        description: "Kept as `extra_data.comfy_usage_source` unless that is there.",
        schema: Type.String(),
      },
    ],
    body: jsonBody(ref("Submission")),
    answers: {
      200: json("It is a job.", ref("Accepted")),
      400: json("It cannot run, or the body is wrong; `error.type` says which.", ref("PromptRefusal")),
      409: json("`prompt_id` belongs to another prompt that waits or runs.", ref("PromptRefusal")),
    },
  },
  {
    id: "getQueue",
    method: "GET",
    path: "/api/queue",
    twin: true,
    tag: "queue",
    summary: "Jobs that run and wait",
    parameters: [COMFY_USER],
    answers: { 200: json("Both lists.", ref("Queue")) },
  },
  {
    id: "editQueue",
    method: "POST",
    path: "/api/queue",
    twin: true,
    tag: "queue",
    summary: "Take jobs out of the queue",
    description: "Jobs that run are not touched. Unknown ids are ignored.",
    parameters: [COMFY_USER],
    body: jsonBody(ref("Removal"), IGNORED),
    answers: {
      200: empty("Done."),
      400: WRONG_BODY,
    },
  },
  {
    id: "interrupt",
    method: "POST",
    path: "/api/interrupt",
    twin: true,
    tag: "queue",
    summary: "Stop what runs",
    parameters: [COMFY_USER],
    body: {
      ...jsonBody(
        open({
          prompt_id: Type.Optional(Type.String({ description: "only this one; absent: all of them" })),
        }),
        "a body that cannot be read counts as absent",
      ),
      required: false,
    },
    answers: { 200: empty("They stop at the next opportunity.") },
  },
  {
    id: "freeMemory",
    method: "POST",
    path: "/api/free",
    twin: true,
    tag: "queue",
    summary: "Give memory back",
    body: jsonBody(
      open({
        unload_models: Type.Optional(Type.Boolean({ description: "let go of models" })),
        free_memory: Type.Optional(Type.Boolean({ description: "let go of models and of all kept results" })),
      }),
      IGNORED,
    ),
    answers: {
      200: empty("Workers do so before their next job."),
      400: WRONG_BODY,
    },
  },
  {
    id: "listHistory",
    method: "GET",
    path: "/api/history",
    twin: true,
    tag: "history",
    deprecated: true,
    summary: "Finished jobs",
    description: "`/api/jobs` gives the same in pages.",
    parameters: [
      COMFY_USER,
      inQuery("max_items", "At most so many. Without `offset` the newest ones.", Type.Integer()),
      inQuery("offset", "Leave out so many of the oldest; a negative one counts as absent.", Type.Integer()),
    ],
    answers: { 200: json("Entries by prompt id, the oldest first.", ref("History")), 400: NOT_A_NUMBER },
  },
  {
    id: "editHistory",
    method: "POST",
    path: "/api/history",
    twin: true,
    tag: "history",
    deprecated: true,
    summary: "Take jobs out of history",
    description: "Files that they made stay.",
    parameters: [COMFY_USER],
    body: jsonBody(ref("Removal"), IGNORED),
    answers: { 200: empty("Done."), 400: INVALID_JSON },
  },
  {
    id: "getHistoryEntry",
    method: "GET",
    path: "/api/history/:prompt_id",
    twin: true,
    tag: "history",
    deprecated: true,
    summary: "One finished job",
    parameters: [COMFY_USER, inPath("prompt_id", "The id of the prompt.")],
    answers: { 200: json("Its entry under its id; `{}` for an unknown one.", ref("History")) },
  },
];
