/** What a run says while it runs, in ComfyUI's own vocabulary. Section 4 of the behaviour reference. */
import type { JsonObject, JsonValue } from "./json.ts";

/** State of one node in `progress_state`. `value` and `max` are floats on the wire unless a bar set them. */
export interface NodeProgress {
  value: JsonValue;
  max: JsonValue;
  state: "pending" | "running" | "finished" | "error";
  node_id: string;
  prompt_id: string;
  display_node_id: string;
  parent_node_id: string | null;
  real_node_id: string;
}

/** An encoded picture of work in progress. */
export interface Preview {
  readonly format: "jpeg" | "png";
  readonly bytes: Uint8Array;
  readonly nodeId: string;
  readonly displayNodeId: string;
  readonly parentNodeId: string | null;
  readonly realNodeId: string;
}

/**
 * One thing that a run says. The hub turns it into frames for each socket:
 * - `json`: one text frame. `audience` is who hears it when the prompt has no client.
 * - `progress`: one update of a node's progress: `progress_state` (absent where it was told before), then the preview as
 *   binary event 4 for sockets that asked for it, then the legacy `progress` (absent for the newer progress call), then
 *   the preview as event 1.
 * - `text`: binary event 3, to every socket.
 */
export type RunMessage =
  | {
      readonly kind: "json";
      readonly type: string;
      readonly data: JsonObject;
      readonly audience: "client" | "everyone";
    }
  | {
      readonly kind: "progress";
      readonly state?: JsonObject;
      readonly progress?: JsonObject;
      readonly preview?: Preview;
    }
  | { readonly kind: "text"; readonly nodeId: string; readonly text: string };

/** How a run ended, with all that history keeps of it. */
export interface RunResult {
  readonly status: "success" | "error" | "interrupted";
  /** display node id → merged ui data */
  readonly outputs: JsonObject;
  /** display node id → node_id, display_node, parent_node, real_node_id */
  readonly meta: JsonObject;
  /** the timestamped lifecycle messages, `[type, data]` each */
  readonly messages: [string, JsonObject][];
  /** milliseconds per real node id */
  readonly nodeTimes: Record<string, number>;
}

/** One prompt to run. */
export interface RunRequest {
  readonly promptId: string;
  readonly prompt: JsonObject;
  readonly extraData: JsonObject;
  /** output node ids that are asked for */
  readonly outputs: readonly string[];
}
