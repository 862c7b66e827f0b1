/** One prompt as it runs: the recorded frames with its own ids, times and files. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  printJson,
  toNumber,
} from "@hearth/protocol";
import type { Fault, FaultPlan, NodeFault } from "./faults.ts";
import type { PeerFiles } from "./files.ts";
import { colorPng } from "./picture.ts";
import { fill, type Recording } from "./recordings.ts";

/** An entry of the queue. */
export interface QueueItem {
  readonly number: number;
  readonly promptId: string;
  readonly prompt: JsonObject;
  readonly extraData: JsonObject;
  readonly outputs: readonly string[];
  /** absent: a prompt of somebody else that runs until it is released */
  readonly recording: Recording | undefined;
}

export interface RunHost {
  readonly plan: FaultPlan;
  readonly files: PeerFiles;
  /** to the prompt's own socket, or to everybody where the server does that for prompts without one */
  readonly send: (
    frame: string | Buffer,
    isForAll: boolean,
    fault: Fault | undefined,
    foreign?: string,
  ) => void;
}

/** Sent to every socket when the prompt has no client. */
const FOR_ALL: ReadonlySet<string> = new Set(["progress_state", "progress", "execution_interrupted"]);
const LIFECYCLE: ReadonlySet<string> = new Set([
  "execution_start",
  "execution_cached",
  "execution_success",
  "execution_error",
  "execution_interrupted",
]);
const NOBODYS_ID = "ffffffff-0000-4000-8000-00000000dead";

const object = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/** The file objects of an ui output. */
function filesIn(output: JsonValue | undefined): JsonObject[] {
  if (Array.isArray(output)) return output.flatMap(filesIn);
  if (!isJsonObject(output)) return [];
  if (typeof output["filename"] === "string") return [output];
  return entriesOf(output).flatMap(([, value]) => filesIn(value));
}

/** The length of a PNG in a recording, as a real one of that size. */
function pictureOf(pattern: JsonObject): Buffer {
  return colorPng(toNumber(pattern["width"] ?? 8), toNumber(pattern["height"] ?? 8), 0x80ff00);
}

export class PromptRun {
  readonly item: QueueItem;
  readonly #host: RunHost;
  readonly #stop = new AbortController();
  readonly #messages: JsonValue[] = [];
  readonly #outputs: JsonObject = {};
  readonly #meta: JsonObject = {};
  readonly #executed: string[] = [];
  #thrown: NodeFault | undefined;
  currentNode: string | undefined;

  constructor(item: QueueItem, host: RunHost) {
    this.item = item;
    this.#host = host;
  }

  interrupt(): void {
    this.#stop.abort("interrupt");
  }

  /** The process is gone: nothing more is said or kept. */
  die(): void {
    this.#stop.abort("death");
  }

  get isDead(): boolean {
    return this.#stop.signal.reason === "death";
  }

  /** Plays it to its end; gives the history entry. */
  async play(): Promise<JsonObject> {
    const { recording, promptId } = this.item;
    if (recording === undefined) await this.#wait(2 ** 31 - 1);
    for (const pattern of recording?.frames ?? []) {
      if (this.#stop.signal.aborted) break;
      const ids = [recording?.promptId ?? "", promptId] as const;
      if (pattern["json"] !== undefined) await this.#say(object(fill(pattern["json"], ids)));
      else await this.#sayBinary(object(pattern["binary"]), ids);
    }
    if (this.#stop.signal.reason === "interrupt") await this.#sayInterrupted();
    if (this.#thrown !== undefined && !this.isDead) await this.#sayError(this.#thrown);
    return this.#history();
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #say(message: JsonObject): Promise<void> {
    const type = String(message["type"]);
    const data = object(message["data"]);
    const node = typeof data["node"] === "string" ? data["node"] : undefined;
    if (node !== undefined && type === "executing") this.#enter(node);
    if (node !== undefined && type === "executed") this.#keep(node, data);
    if (LIFECYCLE.has(type)) this.#messages.push([type, data]);
    const foreign = printJson({ type, data: { ...data, prompt_id: NOBODYS_ID } });
    if (!(await this.#send(type, node, printJson(message), FOR_ALL.has(type), foreign))) return;
    if (type === "executing" && node !== undefined) {
      const { class_type: name, inputs } = object(this.item.prompt[node]);
      if (name === "TestSleep") await this.#wait(toNumber(object(inputs)["seconds"] ?? 0) * 1000);
    }
  }

  async #sayBinary(pattern: JsonObject, ids: readonly [string, string]): Promise<void> {
    const event = toNumber(pattern["event"]);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(event, 0);
    if (event === 3) {
      await this.#send("text", undefined, Buffer.from(String(pattern["base64"]), "base64"), true);
      return;
    }
    const picture = pictureOf(object(pattern["image"]));
    if (event === 1) {
      head.writeUInt32BE(toNumber(pattern["image_type"]), 4);
      await this.#send("preview", undefined, Buffer.concat([head, picture]), true);
      return;
    }
    const metadata = Buffer.from(printJson(fill(pattern["metadata"] ?? null, ids)));
    head.writeUInt32BE(metadata.length, 4);
    await this.#send("preview", undefined, Buffer.concat([head, metadata, picture]), true);
  }

  /** False when the run ended while the frame waited. */
  async #send(
    type: string,
    node: string | undefined,
    frame: string | Buffer,
    isForAll: boolean,
    foreign?: string,
  ): Promise<boolean> {
    const places = [`WS ${type} ${node ?? ""}`, `WS ${type}`, "WS *"];
    const stopped = new Promise<void>((resolve) => {
      if (this.#stop.signal.aborted) resolve();
      else this.#stop.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const mayPassAlways = type === "execution_interrupted" || type === "execution_error";
    if (mayPassAlways) await this.#host.plan.pass(...places);
    else await Promise.race([this.#host.plan.pass(...places), stopped]);
    if (this.#stop.signal.aborted && !mayPassAlways) return false;
    const fault = this.#host.plan.take(...places);
    if (fault?.kind === "throw") {
      this.#thrown = fault;
      this.#stop.abort("error");
    }
    this.#host.send(frame, isForAll, fault, foreign);
    return true;
  }

  #enter(node: string): void {
    if (this.currentNode !== undefined) this.#executed.push(this.currentNode);
    this.currentNode = node;
  }

  /** Writes the files that the output names, under this prompt's own names. */
  #keep(node: string, data: JsonObject): void {
    const inputs = object(object(this.item.prompt[node])["inputs"]);
    for (const file of filesIn(data["output"])) {
      const isTemp = file["type"] === "temp";
      const folder = isTemp ? "temp" : "output";
      const prefix = isTemp ? "ComfyUI_temp_peers" : String(inputs["filename_prefix"] ?? "ComfyUI");
      const name = this.#host.files.nextName(folder, prefix);
      file["filename"] = name;
      const { width, height, color } = this.#size();
      const texts = { prompt: printJson(this.item.prompt), job: this.item.promptId };
      this.#host.files.put(folder, "", name, colorPng(width, height, color, texts));
    }
    if (data["output"] === null) return;
    this.#outputs[node] = data["output"] ?? null;
    this.#meta[node] = { node_id: node, display_node: node, parent_node: null, real_node_id: node };
  }

  /** Of the picture that the prompt makes. */
  #size(): { width: number; height: number; color: number } {
    for (const [, node] of entriesOf(this.item.prompt)) {
      const inputs = object(object(node)["inputs"]);
      if (inputs["width"] === undefined || inputs["height"] === undefined) continue;
      const color = inputs["color"];
      return {
        width: toNumber(inputs["width"]),
        height: toNumber(inputs["height"]),
        color: color === undefined ? 0 : toNumber(color),
      };
    }
    return { width: 8, height: 8, color: 0 };
  }

  async #sayInterrupted(): Promise<void> {
    const node = this.currentNode ?? "";
    const data: JsonObject = {
      prompt_id: this.item.promptId,
      node_id: node,
      node_type: object(this.item.prompt[node])["class_type"] ?? "",
      executed: [...this.#executed],
      timestamp: Date.now(),
    };
    await this.#say({ type: "execution_interrupted", data });
  }

  async #sayError({ type, message }: NodeFault): Promise<void> {
    const node = this.currentNode ?? "";
    const data: JsonObject = {
      prompt_id: this.item.promptId,
      node_id: node,
      node_type: object(this.item.prompt[node])["class_type"] ?? "",
      executed: [...this.#executed],
      exception_message: `${message}\n`,
      exception_type: type,
      traceback: ['  File "nodes.py", line 1, in execute\n'],
      current_inputs: {},
      current_outputs: Object.keys(this.item.prompt),
      timestamp: Date.now(),
    };
    await this.#say({ type: "execution_error", data });
  }

  #history(): JsonObject {
    const { number, promptId, prompt, extraData, outputs } = this.item;
    const last = this.#messages.at(-1);
    const isSuccess = Array.isArray(last) && last[0] === "execution_success";
    return {
      prompt: [number, promptId, prompt, extraData, [...outputs]],
      outputs: this.#outputs,
      status: {
        status_str: isSuccess ? "success" : "error",
        completed: isSuccess,
        messages: this.#messages,
      },
      meta: this.#meta,
    };
  }
}
