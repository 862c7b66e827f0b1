/** Data of the messages that `/ws` sends as JSON (`{"type", "data"}`), by type. */
import { type TSchema, Type } from "typebox";
import { ANYTHING, anyObject, closed, mapOf, open, orNull } from "../schema.ts";
import { ref } from "./ref.ts";

const id = Type.String();
const timestamp = Type.Integer({ description: "milliseconds since 1970" });
const ids = Type.Array(Type.String());

export const MESSAGES: Readonly<Record<string, TSchema>> = {
  status: closed({
    status: closed({ exec_info: closed({ queue_remaining: Type.Integer({ minimum: 0 }) }) }),
    sid: Type.Optional(Type.String({ description: "only in the first message: the client's id" })),
  }),
  feature_flags: ref("Features"),
  execution_start: closed({ prompt_id: id, timestamp }),
  execution_cached: closed({ nodes: ids, prompt_id: id, timestamp }),
  executing: Type.Union([
    closed({ node: id, display_node: id, prompt_id: id }),
    closed({ node: Type.Null(), prompt_id: id }, "The run is over, and history has it."),
    closed({ node: id }, "To a client that comes back in the middle of its run."),
  ]),
  progress_state: closed({
    prompt_id: id,
    nodes: mapOf(
      closed({
        value: Type.Number(),
        max: Type.Number(),
        state: Type.Unsafe<string>({ type: "string", enum: ["pending", "running", "finished", "error"] }),
        node_id: id,
        prompt_id: id,
        display_node_id: id,
        parent_node_id: orNull(id),
        real_node_id: id,
      }),
    ),
  }),
  progress: closed({ value: Type.Number(), max: Type.Number(), prompt_id: id, node: id }),
  executed: closed({ node: id, display_node: id, output: orNull(anyObject()), prompt_id: id }),
  execution_success: closed({ prompt_id: id, timestamp }),
  execution_error: closed({
    prompt_id: id,
    node_id: id,
    node_type: Type.String(),
    executed: ids,
    exception_message: Type.String(),
    exception_type: Type.String(),
    traceback: Type.Array(Type.String()),
    current_inputs: ANYTHING,
    current_outputs: Type.Array(Type.String()),
    timestamp,
  }),
  execution_interrupted: closed({
    prompt_id: id,
    node_id: id,
    node_type: Type.String(),
    executed: ids,
    timestamp,
  }),
  progress_text: closed({ nodeId: id, text: Type.String(), prompt_id: id }),
  notification: closed({ value: Type.String(), id }),
  logs: closed({
    entries: Type.Array(ref("LogEntry")),
    size: orNull(closed({ cols: Type.Integer(), rows: Type.Integer() })),
  }),
  asset_download: ref("DownloadTask"),
  asset_export: ref("ExportTask"),
};

/** What a client may say: as its first message alone. */
export const CLIENT_MESSAGE: TSchema = closed({
  type: Type.Unsafe<string>({ type: "string", enum: ["feature_flags"] }),
  data: open({
    supports_preview_metadata: Type.Optional(Type.Boolean()),
    supports_progress_text: Type.Optional(Type.Boolean()),
  }),
});
