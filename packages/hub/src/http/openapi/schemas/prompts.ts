/** Shapes of prompts, the queue, history and jobs. */
import { Type } from "typebox";
import { ANYTHING, anyObject, closed, described, mapOf, open, orNull, tuple, words } from "../schema.ts";
import { ref } from "./ref.ts";

const uuid = Type.String({ format: "uuid" });
const milliseconds = (what: string) => Type.Integer({ description: `${what}, milliseconds since 1970` });

export const PROMPT_SCHEMAS = {
  Prompt: mapOf(
    open({ class_type: Type.String(), inputs: Type.Optional(anyObject()), _meta: Type.Optional(ANYTHING) }),
    "Node id → the node. An input is a value, or a link `[node id, output index]`.",
  ),
  Submission: Type.Unsafe({
    ...open({
      prompt: Type.Optional(ref("Prompt")),
      workflow: Type.Optional(
        described(ANYTHING, "In place of `prompt`: a graph as an editor saves it; it becomes a prompt here."),
      ),
      prompt_id: Type.Optional(
        described(
          orNull(Type.String({ pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" })),
          "The id that the job shall have. Sending the same prompt under the same id again answers as the first time.",
        ),
      ),
      number: Type.Optional(
        described(
          Type.Union([
            Type.Number(),
            Type.Boolean(),
            Type.String({ pattern: "^\\s*[-+]?\\d+(\\.\\d*)?\\s*$" }),
          ]),
          "Jobs with a lower number run earlier.",
        ),
      ),
      front: Type.Optional(
        described(
          ANYTHING,
          "Anything but false, 0, null and empty: before all others, if `number` is absent.",
        ),
      ),
      client_id: Type.Optional(
        described(
          Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
          "Whose socket hears of the run.",
        ),
      ),
      extra_data: Type.Optional(
        anyObject("Kept with the job; `extra_pnginfo.workflow` is written into saved pictures."),
      ),
      partial_execution_targets: Type.Optional(
        described(orNull(Type.Array(Type.String())), "Only these output nodes are run."),
      ),
    }),
    anyOf: [
      { required: ["prompt"] },
      { required: ["workflow"], properties: { workflow: { type: "object" } } },
    ],
  }),
  Accepted: closed({
    prompt_id: uuid,
    number: Type.Number(),
    node_errors: mapOf(ref("NodeErrors"), "Outputs that were left out, and why."),
  }),
  PromptRefusal: closed({
    error: closed({
      type: Type.String({ description: "a word for programs" }),
      message: Type.String(),
      details: Type.String(),
      extra_info: anyObject(),
    }),
    node_errors: mapOf(ref("NodeErrors"), "Node id → what is wrong with it."),
  }),
  NodeErrors: closed({
    errors: Type.Array(
      closed({
        type: Type.String(),
        message: Type.String(),
        details: Type.String(),
        extra_info: anyObject("`input_name`, and what was received or wanted."),
      }),
    ),
    dependent_outputs: Type.Array(Type.String()),
    class_type: Type.String(),
  }),
  QueueCount: closed({ exec_info: closed({ queue_remaining: Type.Integer({ minimum: 0 }) }) }),
  QueueItem: tuple(
    described(Type.Number(), "number: lower runs earlier"),
    described(Type.String(), "prompt id"),
    ref("Prompt"),
    anyObject("extra data"),
    Type.Array(Type.String()),
  ),
  Queue: closed({
    queue_running: Type.Array(ref("QueueItem")),
    queue_pending: Type.Array(ref("QueueItem"), {
      description: "The first runs next; the others stand in heap order.",
    }),
  }),
  Removal: open({
    clear: Type.Optional(Type.Boolean({ description: "all of them" })),
    delete: Type.Optional(Type.Array(Type.String(), { description: "prompt ids" })),
  }),
  HistoryEntry: closed({
    prompt: ref("QueueItem"),
    outputs: mapOf(anyObject(), "Node id → what it showed."),
    status: closed({
      status_str: words("success", "error"),
      completed: Type.Boolean(),
      messages: Type.Array(tuple(Type.String(), anyObject())),
    }),
    meta: mapOf(
      closed({
        node_id: Type.String(),
        display_node: Type.String(),
        parent_node: orNull(Type.String()),
        real_node_id: Type.String(),
      }),
    ),
  }),
  History: mapOf(ref("HistoryEntry"), "Prompt id → entry, the oldest first."),
  JobSummary: closed(jobProperties()),
  Job: closed({
    ...jobProperties(),
    outputs: Type.Optional(mapOf(anyObject())),
    execution_status: Type.Optional(orNull(anyObject())),
    workflow: Type.Optional(closed({ prompt: ref("Prompt"), extra_data: anyObject() })),
  }),
  JobPage: closed({
    jobs: Type.Array(ref("JobSummary")),
    pagination: closed({
      offset: Type.Integer({ minimum: 0 }),
      limit: orNull(Type.Integer({ minimum: 1 })),
      total: Type.Integer({ minimum: 0 }),
      has_more: Type.Boolean(),
    }),
  }),
  Cancelled: closed({
    cancelled: Type.Boolean({ description: "true when anything was stopped or removed" }),
  }),
  Problem: open({ error: Type.String() }),
};

function jobProperties() {
  return {
    id: Type.String({ description: "the prompt id" }),
    status: words("pending", "in_progress", "completed", "failed", "cancelled"),
    priority: Type.Number({ description: "lower runs earlier" }),
    create_time: milliseconds("accepted"),
    execution_start_time: Type.Optional(milliseconds("begun")),
    execution_end_time: Type.Optional(milliseconds("ended")),
    execution_error: Type.Optional(anyObject("the data of the `execution_error` message")),
    outputs_count: Type.Integer({ minimum: 0 }),
    previewable_outputs_count: Type.Integer({ minimum: 0 }),
    preview_output: Type.Optional(
      anyObject("the output that stands for the job, with `nodeId` and `mediaType`"),
    ),
    workflow_id: Type.Optional(Type.String()),
  };
}
