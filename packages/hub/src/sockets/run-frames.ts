/** Turns what a run says into the frames of one socket (sections 4.3 to 4.6). */
import {
  previewFrame,
  previewWithMetadataFrame,
  printJson,
  type RunMessage,
  textFrame,
} from "@hearth/protocol";
import type { Frame } from "./client-socket.ts";

/** A text frame: `{"type", "data"}`. */
export function jsonFrame(type: string, data: unknown): string {
  return printJson({ type, data });
}

/** The frames of one message. Those that differ by capability are built for both kinds, each at most once. */
export class RunFrames {
  readonly #message: RunMessage;
  readonly #promptId: string;
  #plain: Frame[] | undefined;
  #withMetadata: Frame[] | undefined;

  constructor(message: RunMessage, promptId: string) {
    this.#message = message;
    this.#promptId = promptId;
  }

  for(wantsPreviewMetadata: boolean): Frame[] {
    if (wantsPreviewMetadata) return (this.#withMetadata ??= this.#build(true));
    return (this.#plain ??= this.#build(false));
  }

  #build(metadata: boolean): Frame[] {
    const message = this.#message;
    if (message.kind === "json") return [jsonFrame(message.type, message.data)];
    if (message.kind === "text") return [textFrame(message.nodeId, message.text)];
    const frames: Frame[] = [jsonFrame("progress_state", message.state)];
    const { preview, progress } = message;
    if (preview !== undefined && metadata) frames.push(previewWithMetadataFrame(preview, this.#promptId));
    if (progress !== undefined) {
      frames.push(jsonFrame("progress", progress));
      if (preview !== undefined && !metadata) frames.push(previewFrame(preview));
    }
    return frames;
  }
}
