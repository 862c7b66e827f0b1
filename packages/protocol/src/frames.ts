/** Binary socket frames: a big-endian u32 event number and its payload (section 4.6). */
import { printJson } from "./json.ts";
import type { Preview } from "./messages.ts";

export const BinaryEvent = { previewImage: 1, text: 3, previewWithMetadata: 4 } as const;
const IMAGE_TYPE = { jpeg: 1, png: 2 } as const;

/** Event 1: u32 image type (1 JPEG, 2 PNG), then the encoded image. */
export function previewFrame(preview: Preview): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(BinaryEvent.previewImage, 0);
  head.writeUInt32BE(IMAGE_TYPE[preview.format], 4);
  return Buffer.concat([head, preview.bytes]);
}

/** Event 4: u32 length, JSON metadata of that length, then the encoded image. */
export function previewWithMetadataFrame(preview: Preview, promptId: string): Buffer {
  const metadata = Buffer.from(
    printJson({
      node_id: preview.nodeId,
      prompt_id: promptId,
      display_node_id: preview.displayNodeId,
      parent_node_id: preview.parentNodeId,
      real_node_id: preview.realNodeId,
      image_type: `image/${preview.format}`,
    }),
  );
  const head = Buffer.alloc(8);
  head.writeUInt32BE(BinaryEvent.previewWithMetadata, 0);
  head.writeUInt32BE(metadata.length, 4);
  return Buffer.concat([head, metadata, preview.bytes]);
}

/** Event 3: u32 length, node id of that length, then UTF-8 text. */
export function textFrame(nodeId: string, text: string): Buffer {
  const id = Buffer.from(nodeId);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(BinaryEvent.text, 0);
  head.writeUInt32BE(id.length, 4);
  return Buffer.concat([head, id, Buffer.from(text)]);
}
