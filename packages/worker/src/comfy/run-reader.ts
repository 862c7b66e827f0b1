/**
 * From the frames of one prompt to what its run says. A preview and the `progress` that belongs to it are two frames
 * and one message: whichever comes first is held for the other.
 */
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Preview,
  type RunMessage,
} from "@hearth/protocol";
import type { ComfyFrame, PreviewIds } from "./read-frames.ts";

/** A preview without a `progress` after it comes from the newer progress call. */
const HOLD_PREVIEW_MS = 50;
/** Older versions send the picture after the `progress`. */
const HOLD_PROGRESS_MS = 20;

export interface RunReaderParts {
  /** the prompt's id on the ComfyUI, and the one that Hearth's clients know */
  readonly comfyId: string;
  readonly promptId: string;
  /** the ComfyUI sends previews that name their node */
  readonly namesPreviews: () => boolean;
  readonly tell: (message: RunMessage) => void;
}

export class RunReader {
  readonly #parts: RunReaderParts;
  #held: { progress?: JsonObject; preview?: Preview } | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #nodes: JsonObject = {};
  #current: string | undefined;
  #currentSince = 0;
  readonly #times = new Map<string, number>();

  constructor(parts: RunReaderParts) {
    this.#parts = parts;
  }

  /** Milliseconds per node of the prompt, from the announcements of what executes. */
  get nodeTimes(): Record<string, number> {
    this.#nodeEnded();
    return Object.fromEntries(this.#times);
  }

  hear(frame: ComfyFrame): void {
    if (frame.kind === "preview") return this.#hearPreview(frame);
    if (frame.kind === "text") {
      this.flush();
      return this.#parts.tell({ kind: "text", nodeId: frame.nodeId, text: frame.text });
    }
    const data = this.#ownIds(frame.data);
    if (frame.type === "progress" && frame.promptId !== undefined) return this.#hearProgress(data);
    this.flush();
    if (frame.type === "progress_state") {
      if (isJsonObject(data["nodes"])) this.#nodes = data["nodes"];
      return this.#parts.tell({ kind: "progress", state: data });
    }
    if (frame.type === "executing") {
      this.#nodeEnded();
      const { node } = data;
      // The end of the run is the hub's to say, once its history has it.
      if (typeof node !== "string") return;
      this.#current = node;
      this.#currentSince = performance.now();
    }
    const isForAll = frame.promptId === undefined || frame.type === "execution_interrupted";
    this.#parts.tell({
      kind: "json",
      type: frame.type,
      data,
      audience: isForAll ? "everyone" : "client",
    });
  }

  /** Tells what is held back. */
  flush(): void {
    clearTimeout(this.#holdTimer);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#parts.tell({ kind: "progress", ...held });
  }

  #hearPreview({ format, bytes, ids }: Extract<ComfyFrame, { kind: "preview" }>): void {
    const preview: Preview = { format, bytes, ...(ids ?? this.#currentIds()) };
    if (ids !== undefined) return this.#hold({ preview }, HOLD_PREVIEW_MS);
    const progress = this.#held?.preview === undefined ? this.#held?.progress : undefined;
    if (progress === undefined) this.flush();
    this.#held = undefined;
    clearTimeout(this.#holdTimer);
    this.#parts.tell({ kind: "progress", ...(progress === undefined ? {} : { progress }), preview });
  }

  #hearProgress(progress: JsonObject): void {
    const preview = this.#held?.progress === undefined ? this.#held?.preview : undefined;
    if (preview !== undefined) {
      this.#held = undefined;
      clearTimeout(this.#holdTimer);
      this.#parts.tell({ kind: "progress", progress, preview });
    } else if (this.#parts.namesPreviews()) {
      this.flush();
      this.#parts.tell({ kind: "progress", progress });
    } else this.#hold({ progress }, HOLD_PROGRESS_MS);
  }

  #hold(held: { progress?: JsonObject; preview?: Preview }, milliseconds: number): void {
    this.flush();
    this.#held = held;
    this.#holdTimer = setTimeout(() => this.flush(), milliseconds);
  }

  /** A picture without ids belongs to the node that executes now. */
  #currentIds(): PreviewIds {
    const nodeId = this.#current ?? "";
    const known = Object.hasOwn(this.#nodes, nodeId) ? this.#nodes[nodeId] : undefined;
    const idOf = (key: string): string | undefined => {
      const id = isJsonObject(known) ? known[key] : undefined;
      return typeof id === "string" ? id : undefined;
    };
    return {
      nodeId,
      displayNodeId: idOf("display_node_id") ?? nodeId,
      parentNodeId: idOf("parent_node_id") ?? null,
      realNodeId: idOf("real_node_id") ?? nodeId,
    };
  }

  #nodeEnded(): void {
    if (this.#current === undefined) return;
    const real = this.#currentIds().realNodeId;
    this.#times.set(real, (this.#times.get(real) ?? 0) + performance.now() - this.#currentSince);
    this.#current = undefined;
  }

  #ownIds(data: JsonObject): JsonObject {
    const { comfyId, promptId } = this.#parts;
    if (comfyId !== promptId) renamePrompt(data, comfyId, promptId);
    return data;
  }
}

/** Puts the job's own prompt id wherever the ComfyUI's stands as `prompt_id`, in place. */
export function renamePrompt(value: JsonValue, from: string, to: string): void {
  if (Array.isArray(value)) for (const item of value) renamePrompt(item, from, to);
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key === "prompt_id" && item === from) value[key] = to;
      else renamePrompt(item, from, to);
    }
  }
}
