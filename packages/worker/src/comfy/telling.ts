/**
 * What an attempt tells of its run, in its order: frames as they come, files before the message that names them, and at
 * the end what the socket did not bring.
 */
import {
  type AttemptRef,
  isJsonObject,
  type JsonValue,
  printJson,
  type RunMessage,
  type RunResult,
} from "@hearth/protocol";
import type { EngineEvents } from "../engine-port.ts";
import { Unanswered } from "./comfy-client.ts";
import { GaveUp } from "./gave-up.ts";
import { FileTransferError } from "./inputs.ts";
import { filesIn } from "../files/mentioned-files.ts";
import type { OutputPuller } from "./outputs.ts";
import type { ComfyFrame } from "./read-frames.ts";
import { renamePrompt, RunReader } from "./run-reader.ts";
import type { Timing } from "./settings.ts";
import type { Waiting } from "./waiting.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Messages that end a run. */
export const END_TYPES: ReadonlySet<string> = new Set([
  "execution_success",
  "execution_error",
  "execution_interrupted",
]);

export interface TellingParts {
  readonly ref: AttemptRef;
  readonly outputs: OutputPuller;
  readonly timing: Pick<Timing, "lostMs" | "reachMs">;
  readonly namesPreviews: () => boolean;
  readonly events: Pick<EngineEvents, "said" | "previewed">;
  readonly doubt: () => void;
  readonly waiting: Waiting;
}

export class Telling {
  readonly #parts: TellingParts;
  #comfyId: string;
  #reader: RunReader;
  /** types of what was told, and `executed <display node>` */
  readonly #told = new Set<string>();
  /** messages that wait for files */
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: TellingParts, comfyId: string) {
    this.#parts = parts;
    this.#comfyId = comfyId;
    this.#reader = this.#newReader();
  }

  get nodeTimes(): Record<string, number> {
    return this.#reader.nodeTimes;
  }

  hear(frame: ComfyFrame): void {
    this.#reader.hear(frame);
  }

  /** The prompt's id on the ComfyUI turned out to be another one. */
  nameThere(comfyId: string): void {
    this.#reader.flush();
    this.#comfyId = comfyId;
    this.#reader = this.#newReader();
  }

  /** Whether all of the lifecycle was told, so that nothing is on its way any more. */
  knowsAllOf({ messages }: RunResult): boolean {
    return messages.every(([type]) => this.#told.has(type));
  }

  /** Pulls the files of a result, names all in it as the hub does, and tells what was not told. @throws GaveUp */
  async complete(result: RunResult): Promise<void> {
    this.#reader.flush();
    await this.#turn;
    const { promptId } = this.#parts.ref;
    if (this.#comfyId !== promptId) {
      for (const part of [result.outputs, result.meta, ...result.messages.map(([, data]) => data)]) {
        renamePrompt(part, this.#comfyId, promptId);
      }
    }
    await this.#pull(result.outputs, this.#parts.timing.lostMs);
    this.#tellMissed(result);
  }

  /** Tells the lifecycle of a result, and nothing else. */
  tellLifecycle({ messages }: RunResult, which: (type: string) => boolean = () => true): void {
    for (const [type, data] of messages) {
      const audience = type === "execution_interrupted" ? "everyone" : "client";
      if (which(type) && !this.#told.has(type)) this.#say({ kind: "json", type, data, audience });
    }
  }

  #tellMissed(result: RunResult): void {
    this.tellLifecycle(result, (type) => !END_TYPES.has(type));
    for (const [id, output] of Object.entries(result.outputs)) {
      if (this.#told.has(`executed ${id}`)) continue;
      const meta = result.meta[id];
      const node = isJsonObject(meta) && typeof meta["node_id"] === "string" ? meta["node_id"] : id;
      const data = { node, display_node: id, output, prompt_id: this.#parts.ref.promptId };
      this.#say({ kind: "json", type: "executed", data, audience: "client" });
    }
    this.tellLifecycle(result, (type) => END_TYPES.has(type));
  }

  #tell(message: RunMessage): void {
    const shown = this.#note(message);
    const hasFiles = filesIn(shown).length > 0;
    if (!hasFiles && this.#waiting === 0) return this.#say(message);
    this.#waiting += 1;
    this.#turn = this.#turn
      .then(() => (hasFiles ? this.#pull(shown, this.#parts.timing.reachMs) : undefined))
      // It is told without; the file is tried once more at the end, where its lack ends the attempt.
      .catch((error: unknown) => console.error(`job ${this.#parts.ref.jobId}: ${(error as Error).message}`))
      .then(() => {
        this.#waiting -= 1;
        this.#say(message);
      });
  }

  /** Remembers what was told; gives what the node shows, for an `executed`. */
  #note(message: RunMessage): JsonValue {
    if (message.kind !== "json") return null;
    this.#told.add(message.type);
    if (message.type !== "executed") return null;
    const { node, display_node, output } = message.data;
    this.#told.add(`executed ${String(display_node ?? node)}`);
    return output ?? null;
  }

  #say(message: RunMessage): void {
    if (this.#parts.waiting.isAbandoned) return;
    const { ref, events } = this.#parts;
    if (message.kind === "progress" && message.preview !== undefined) {
      const { preview, ...rest } = message;
      events.previewed(ref, printJson(rest, "compact"), preview);
    } else events.said(ref, printJson(message, "compact"));
  }

  /** A hub that cannot keep a file is not asked for as long as a ComfyUI that does not answer is waited for. */
  async #pull(shown: JsonValue, patienceMs: number): Promise<void> {
    const { outputs, timing, doubt, waiting } = this.#parts;
    const began = performance.now();
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await outputs.pull(shown);
      } catch (error) {
        waiting.throwIfAbandoned();
        const isComfy = error instanceof Unanswered;
        if (isComfy) doubt();
        else if (!(error instanceof FileTransferError)) throw error;
        const limit = isComfy ? patienceMs : Math.min(patienceMs, timing.reachMs);
        if (performance.now() + pause - began > limit) {
          throw new GaveUp({ kind: "files", text: error.message });
        }
      }
      await waiting.sleep(pause);
    }
  }

  #newReader(): RunReader {
    return new RunReader({
      comfyId: this.#comfyId,
      promptId: this.#parts.ref.promptId,
      namesPreviews: this.#parts.namesPreviews,
      tell: (message) => this.#tell(message),
    });
  }
}
