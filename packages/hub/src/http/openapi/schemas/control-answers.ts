/** Shapes of what Control answers. */
import { Type } from "typebox";
import { STATUSES } from "../../../control/status.ts";
import { ANYTHING, anyObject, mapOf, open, orNull, words } from "../schema.ts";
import { ref } from "./ref.ts";

const text = Type.String();
const count = Type.Integer({ minimum: 0 });
const time = Type.String({ description: "UTC" });
const summary = {
  id: text,
  name: text,
  status: ref("ControlStatus"),
  tags: Type.Array(text),
  created_at: orNull(time),
  updated_at: orNull(time),
  started_at: orNull(time),
  completed_at: orNull(time),
};

export const CONTROL_SCHEMAS = {
  ControlProblem: open({ status: Type.Integer(), message: text }),
  ControlStatus: words(...STATUSES),
  ControlSummary: open(summary),
  ControlWorkflow: open({
    ...summary,
    user_id: text,
    user_runner_id: Type.Null(),
    managed_runner_id: Type.Null(),
    workflow_json: ANYTHING,
    workflow_params: ANYTHING,
    prompt_id: orNull(text),
    queue_number: orNull(count),
    error_node: orNull(text),
    exception_type: orNull(text),
    exception_message: orNull(text),
  }),
  ControlOutput: open({
    id: text,
    workflow_id: text,
    src: Type.String({ description: "a signed URL: whoever has it may read the file until it expires" }),
  }),
  ControlRunner: open({
    id: text,
    user_id: text,
    name: text,
    endpoint: text,
    headers: mapOf(text),
    tags: Type.Array(text),
    status: words("active", "disabled"),
    created_at: time,
    updated_at: time,
  }),
  ControlTemplate: open({
    id: text,
    user_id: text,
    name: text,
    description: text,
    placeholders: Type.Array(anyObject()),
    body: ANYTHING,
    created_at: time,
    updated_at: time,
  }),
  ControlWebhook: open({
    id: text,
    user_id: text,
    url: text,
    events: Type.Array(text),
    status: words("active", "disabled"),
    created_at: time,
    secret: Type.Optional(Type.String({ description: "only when it is made or rotated" })),
  }),
  ControlSecret: open({ secret: text }),
  ControlDelivery: open({
    id: text,
    type: text,
    workflow_id: text,
    url: text,
    status: text,
    attempts: Type.Array(
      open({ at: time, milliseconds: Type.Number(), status: orNull(Type.Integer()), error: orNull(text) }),
    ),
    next_attempt_at: orNull(time),
    created_at: time,
  }),
};
