/** What a node may use during one call. */
import type { Folders, JsonObject, RunMessage } from "@hearth/protocol";
import type { PromptGraph } from "./dynamic-prompt.ts";
import { GraphBuilder } from "./expansion.ts";
import { extraPnginfo } from "./input-values.ts";
import type { DynamicPrompt, NodeContext, PreviewImage, ProgressBar, RunSettings } from "./node-class.ts";
import { ThrottledBar, type RunProgress } from "./progress.ts";

/** What all calls of a run share. */
export interface RunServices {
  readonly promptId: string;
  readonly extraData: JsonObject;
  readonly graph: PromptGraph;
  readonly progress: RunProgress;
  readonly folders: Folders;
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
  readonly settings: RunSettings;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly stateOf: (nodeId: string) => Map<string, unknown>;
  readonly send: (message: RunMessage) => void;
  /** @throws InterruptedError */
  readonly throwIfInterrupted: () => void;
}

export class CallContext implements NodeContext {
  readonly nodeId: string;
  readonly #run: RunServices;
  readonly #call: number;
  #graphs = 0;

  /** @param call index of this call among the calls of the node */
  constructor(run: RunServices, nodeId: string, call: number) {
    this.#run = run;
    this.nodeId = nodeId;
    this.#call = call;
  }

  get promptId(): string {
    return this.#run.promptId;
  }
  get prompt(): JsonObject {
    return this.#run.graph.original();
  }
  get extraData(): JsonObject {
    return this.#run.extraData;
  }
  get extraPnginfo(): JsonObject | undefined {
    return extraPnginfo(this.#run.extraData) ?? undefined;
  }
  get dynamicPrompt(): DynamicPrompt {
    return this.#run.graph;
  }
  get folders(): Folders {
    return this.#run.folders;
  }
  get modelFolders(): Readonly<Record<string, readonly string[]>> {
    return this.#run.modelFolders;
  }
  get settings(): RunSettings {
    return this.#run.settings;
  }
  get random(): () => number {
    return this.#run.random;
  }
  get state(): Map<string, unknown> {
    return this.#run.stateOf(this.nodeId);
  }
  get signal(): AbortSignal {
    return this.#run.signal;
  }

  // Arrow functions, so that nodes may take them out of the context.
  readonly throwIfInterrupted = (): void => this.#run.throwIfInterrupted();

  readonly progressBar = (total: number): ProgressBar =>
    new ThrottledBar(total, this.#run.now, this.#run.throwIfInterrupted, (value, max, preview) =>
      this.#run.progress.update(this.nodeId, value, max, preview, true),
    );

  readonly setProgress = (value: number, max: number, preview?: PreviewImage): void => {
    this.#run.throwIfInterrupted();
    this.#run.progress.update(this.nodeId, value, max, preview, false);
  };

  readonly sendText = (text: string): void => {
    this.#run.send({ kind: "text", nodeId: this.nodeId, text });
  };

  readonly send = (type: string, data: JsonObject): void => {
    this.#run.send({ kind: "json", type, data, audience: "client" });
  };

  readonly graph = (): GraphBuilder => {
    const builder = new GraphBuilder(`${this.nodeId}.${this.#call}.${this.#graphs}.`);
    this.#graphs += 1;
    return builder;
  };
}
