/** What the peer holds in memory, and loses when it is started again: queue, history, the running prompt. */
import type { JsonObject, JsonValue } from "@hearth/protocol";
import { printJson } from "@hearth/protocol";
import type { FrameFault } from "./faults.ts";
import type { PeerFiles } from "./files.ts";
import type { NodeClasses } from "./node-classes.ts";
import type { FaultPlan } from "./faults.ts";
import { PromptRun, type QueueItem } from "./prompt-run.ts";
import { findRecording, type Recording } from "./recordings.ts";
import { PeerSockets } from "./sockets.ts";

export interface PeerOptions {
  /** absent: any that is free */
  readonly port?: number;
  /** how it answers; default 0.33 */
  readonly version?: "0.33" | "0.19";
  /** false: `/api/jobs` is not there */
  readonly jobsApi?: boolean;
  /** it makes prompt ids itself, whatever the client wants; `repeated`: always the same one */
  readonly ownIds?: boolean | "repeated";
  /** false: `/interrupt` stops whatever runs */
  readonly interruptKnowsIds?: boolean;
  /** history comes so long after the last message */
  readonly lateHistoryMs?: number;
  /** false: previews never name their node */
  readonly previewMetadata?: boolean;
  /** model files by folder */
  readonly models?: Readonly<Record<string, readonly string[]>>;
  readonly extensions?: readonly string[];
  /** node classes; default all that were recorded */
  readonly classes?: readonly string[] | undefined;
}

export interface Deps {
  readonly options: PeerOptions;
  readonly plan: FaultPlan;
  readonly files: PeerFiles;
  readonly classes: NodeClasses;
  readonly recordings: readonly Recording[];
  /** a prompt was taken into the queue */
  readonly accepted: (item: QueueItem) => void;
}

export class PeerState {
  readonly options: PeerOptions;
  readonly files: PeerFiles;
  readonly classes: NodeClasses;
  readonly sockets: PeerSockets;
  readonly history = new Map<string, JsonObject>();
  /** what `/free` was asked */
  readonly freed: JsonObject[] = [];
  readonly #deps: Deps;
  #waiting: QueueItem[] = [];
  #count = 0;
  #isDead = false;
  running: PromptRun | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.options = deps.options;
    this.files = deps.files;
    this.classes = deps.classes;
    const remaining = (): number => this.queueRemaining;
    this.sockets = new PeerSockets({
      get queueRemaining() {
        return remaining();
      },
      currentNode: (sid) =>
        this.running?.item.extraData["client_id"] === sid ? this.running.currentNode : undefined,
      features: () => this.features(),
    });
  }

  get queueRemaining(): number {
    return this.#waiting.length + (this.running === undefined ? 0 : 1);
  }

  waiting(promptId: string): QueueItem | undefined {
    return this.#waiting.find((item) => item.promptId === promptId);
  }

  hasInput(name: string): boolean {
    const slash = name.lastIndexOf("/");
    const subfolder = slash < 0 ? "" : name.slice(0, slash);
    return this.files.get("input", subfolder, name.slice(slash + 1)) !== undefined;
  }

  /** @throws when nobody recorded a run of such a graph */
  enqueue(given: Pick<QueueItem, "promptId" | "prompt" | "extraData" | "outputs">): number {
    const { client_id: client } = given.extraData;
    const isAsked = this.sockets.wantsPreviewMetadata(typeof client === "string" ? client : undefined);
    const metadata = isAsked && this.options.previewMetadata !== false;
    const recording = findRecording(this.#deps.recordings, given.prompt, metadata);
    if (recording === undefined) throw new Error("no recording of a graph like this");
    const item = { ...given, number: this.#count, recording };
    this.#count += 1;
    this.#deps.accepted(item);
    this.#add(item);
    return item.number;
  }

  /** A prompt of somebody else, which runs until it is interrupted. */
  addForeign(promptId: string): void {
    const prompt: JsonObject = { "1": { class_type: "TestSleep", inputs: { seconds: 3600 } } };
    const extraData: JsonObject = { client_id: "somebody-else", create_time: Date.now() };
    this.#add({ number: -1, promptId, prompt, extraData, outputs: ["1"], recording: undefined });
  }

  #add(item: QueueItem): void {
    this.#waiting.push(item);
    this.#waiting.sort((a, b) => a.number - b.number);
    this.#sayStatus();
    if (this.running === undefined) this.#startNext();
  }

  /** @param ids absent: all */
  removeWaiting(ids: readonly string[] | undefined): void {
    this.#waiting = this.#waiting.filter((item) => ids !== undefined && !ids.includes(item.promptId));
    this.#sayStatus();
  }

  #sayStatus(): void {
    const status = { exec_info: { queue_remaining: this.queueRemaining } };
    this.sockets.send(undefined, printJson({ type: "status", data: { status } }));
  }

  #startNext(): void {
    const item = this.#waiting.shift();
    if (item === undefined || this.#isDead) return;
    const client = item.extraData["client_id"];
    const sid = typeof client === "string" ? client : undefined;
    const run = new PromptRun(item, {
      plan: this.#deps.plan,
      files: this.files,
      send: (frame, isForAll, fault, foreign) => {
        if (sid !== undefined || isForAll) this.sockets.send(sid, frame, fault as FrameFault, foreign);
      },
    });
    this.running = run;
    this.#sayStatus();
    void run.play().then((entry) => this.#ended(run, sid, entry));
  }

  async #ended(run: PromptRun, sid: string | undefined, entry: JsonObject): Promise<void> {
    if (this.#isDead) return;
    const { promptId } = run.item;
    this.running = undefined;
    const late = this.options.lateHistoryMs;
    if (late === undefined) this.history.set(promptId, entry);
    else setTimeout(() => this.history.set(promptId, entry), late);
    this.#sayStatus();
    const places = ["WS executing null", "WS *"];
    const last = printJson({ type: "executing", data: { node: null, prompt_id: promptId } });
    const fault = this.#deps.plan.take(...places) as FrameFault | undefined;
    if (sid !== undefined) this.sockets.send(sid, last, fault);
    this.#startNext();
  }

  /** The process ends at once. */
  die(): void {
    this.#isDead = true;
    this.running?.die();
    this.sockets.destroy();
  }

  printQueue(): JsonObject {
    const print = ({ number, promptId, prompt, extraData, outputs }: QueueItem): JsonValue => [
      number,
      promptId,
      prompt,
      extraData,
      [...outputs],
    ];
    return {
      queue_running: this.running === undefined ? [] : [print(this.running.item)],
      queue_pending: this.#waiting.map(print),
    };
  }

  objectInfo(): string {
    const { models } = this.options;
    return this.classes.print((folder) =>
      folder === "input" ? this.files.names("input") : (models?.[folder] ?? []),
    );
  }

  features(): JsonObject {
    const more: JsonObject = this.options.version === "0.19" ? {} : { supports_model_type_tags: true };
    return {
      supports_preview_metadata: this.options.previewMetadata !== false,
      ...more,
      max_upload_size: 104857600,
      extension: { manager: { supports_v4: true } },
      node_replacements: true,
      assets: false,
    };
  }

  systemStats(): JsonObject {
    const memory = { vram_total: 8e9, vram_free: 7e9, torch_vram_total: 8e9, torch_vram_free: 7e9 };
    return {
      system: {
        os: "linux",
        ram_total: 8e9,
        ram_free: 7e9,
        comfyui_version: this.options.version === "0.19" ? "0.19.3" : "0.33.0",
        python_version: "3.11.7 (main)",
        pytorch_version: "2.13.0+cpu",
        embedded_python: false,
        argv: ["main.py"],
      },
      devices: [{ name: "cpu", type: "cpu", index: null, ...memory }],
    };
  }
}
