/** Reads the frames of a ComfyUI's socket (sections 4.3 to 4.6 of the behaviour reference). */
import { BinaryEvent, isJsonObject, type JsonObject, parseJson, type Preview } from "@hearth/protocol";

/** Ids of a preview's node; older versions do not send them. */
export type PreviewIds = Omit<Preview, "format" | "bytes">;

export type ComfyFrame =
  | {
      readonly kind: "json";
      readonly type: string;
      readonly data: JsonObject;
      readonly promptId: string | undefined;
    }
  | {
      readonly kind: "preview";
      readonly format: Preview["format"];
      readonly bytes: Buffer;
      readonly ids: PreviewIds | undefined;
      readonly promptId: string | undefined;
    }
  | { readonly kind: "text"; readonly nodeId: string; readonly text: string; readonly promptId: undefined };

/** What a frame says; `undefined` for frames that are cut short, are no JSON, or of a kind that nobody knows. */
export function readFrame(data: Buffer, isBinary: boolean): ComfyFrame | undefined {
  try {
    return isBinary ? readBinary(data) : readText(data.toString("utf8"));
  } catch {
    return undefined;
  }
}

function readText(text: string): ComfyFrame | undefined {
  const message = parseJson(text);
  if (!isJsonObject(message)) return undefined;
  const { type, data } = message;
  if (typeof type !== "string" || data === undefined || data === null) return undefined;
  const promptId = isJsonObject(data) ? data["prompt_id"] : undefined;
  return {
    kind: "json",
    type,
    // Node packs may send a list or a text; it is passed on as it came.
    data: data as JsonObject,
    promptId: typeof promptId === "string" ? promptId : undefined,
  };
}

function readBinary(data: Buffer): ComfyFrame | undefined {
  const event = data.readUInt32BE(0);
  if (event === BinaryEvent.previewImage) {
    const format = data.readUInt32BE(4) === 2 ? "png" : "jpeg";
    return { kind: "preview", format, bytes: data.subarray(8), ids: undefined, promptId: undefined };
  }
  if (event !== BinaryEvent.text && event !== BinaryEvent.previewWithMetadata) return undefined;
  const end = 8 + data.readUInt32BE(4);
  if (end > data.length) return undefined;
  const head = data.toString("utf8", 8, end);
  if (event === BinaryEvent.text) {
    return { kind: "text", nodeId: head, text: data.toString("utf8", end), promptId: undefined };
  }
  const ids = parseJson(head);
  if (!isJsonObject(ids) || typeof ids["node_id"] !== "string") return undefined;
  const idOf = (key: string): string | undefined => {
    const id = ids[key];
    return typeof id === "string" ? id : undefined;
  };
  const nodeId = ids["node_id"];
  return {
    kind: "preview",
    format: ids["image_type"] === "image/png" ? "png" : "jpeg",
    bytes: data.subarray(end),
    ids: {
      nodeId,
      displayNodeId: idOf("display_node_id") ?? nodeId,
      parentNodeId: idOf("parent_node_id") ?? null,
      realNodeId: idOf("real_node_id") ?? nodeId,
    },
    promptId: idOf("prompt_id"),
  };
}
