/** Turns what a run says into the frames of one socket (sections 4.3 to 4.6). */
import {
  previewFrame,
  previewWithMetadataFrame,
  printJson,
  type RunMessage,
  textFrame,
} from "@hearth/protocol";
import type { Frame, Wants } from "./client-socket.ts";

/** A text frame: `{"type", "data"}`. */
export function jsonFrame(type: string, data: unknown): string {
  return printJson({ type, data });
}

/** The frames of one message. Those that differ by capability are built once for each kind of client. */
export class RunFrames {
  readonly #message: RunMessage;
  readonly #promptId: string;
  readonly #built = new Map<string, Frame[]>();

  constructor(message: RunMessage, promptId: string) {
    this.#message = message;
    this.#promptId = promptId;
  }

  for(wants: Wants): Frame[] {
    const key = `${wants.previewMetadata} ${wants.progressText}`;
    let frames = this.#built.get(key);
    if (frames === undefined) {
      frames = this.#build(wants);
      this.#built.set(key, frames);
    }
    return frames;
  }

  #build(wants: Wants): Frame[] {
    const message = this.#message;
    if (message.kind === "json") return [jsonFrame(message.type, message.data)];
    if (message.kind === "text") {
      const { nodeId, text } = message;
      const binary = textFrame(nodeId, text);
      if (!wants.progressText) return [binary];
      return [binary, jsonFrame("progress_text", { nodeId, text, prompt_id: this.#promptId })];
    }
    const { state, preview, progress } = message;
    const frames: Frame[] = state === undefined ? [] : [jsonFrame("progress_state", state)];
    if (preview !== undefined && wants.previewMetadata)
      frames.push(previewWithMetadataFrame(preview, this.#promptId));
    if (progress !== undefined) {
      frames.push(jsonFrame("progress", progress));
      if (preview !== undefined && !wants.previewMetadata) frames.push(previewFrame(preview));
    }
    return frames;
  }
}
