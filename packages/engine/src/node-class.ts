/** What the engine knows of a node class, and what a node may use while it runs. */
import type { FileList, Folders, JsonObject, JsonValue, NodeInfo } from "@hearth/protocol";
import type { ExpansionGraph, GraphBuilder } from "./expansion.ts";

/** Input name → value. With `inputIsList`, every value is an array. Absent optional inputs are absent. */
export type NodeInputs = Record<string, unknown>;

/**
 * What `execute` gives: one value per output slot, or an object.
 * - `ui`: lists by key, shown to the client and kept in history.
 * - `expand`: a graph that takes the node's place; `outputs` may then hold links into it (`link(id, slot)`).
 * - `block`: nothing downstream runs; with a text, the first blocked node reports it.
 */
export type NodeReturn =
  | readonly unknown[]
  | {
      readonly outputs?: readonly unknown[];
      readonly ui?: Record<string, readonly unknown[] | string>;
      readonly expand?: ExpansionGraph;
      readonly block?: string | true;
    };

/** A value that stops what depends on it. Any output slot may hold one. */
export class ExecutionBlocker {
  readonly message: string | undefined;
  constructor(message?: string) {
    this.message = message;
  }
}

/** The run was interrupted. Nodes let it pass. */
export class InterruptedError extends Error {
  constructor() {
    super("interrupted");
    this.name = "InterruptedError";
  }
}

/**
 * An error of a node. `pythonType` is what `exception_type` says to clients: a builtin's name (`ValueError`) where
 * ComfyUI raises one. Errors of other classes are reported under their own name.
 */
export class NodeError extends Error {
  readonly pythonType: string;
  constructor(message: string, pythonType = "RuntimeError", options?: ErrorOptions) {
    super(message, options);
    this.name = "NodeError";
    this.pythonType = pythonType;
  }
}

/** An encoded picture for the client. */
export interface PreviewImage {
  readonly format: "jpeg" | "png";
  readonly bytes: Uint8Array;
}

/** A legacy progress bar: throttled, and every update is a point where an interrupt is raised. */
export interface ProgressBar {
  /** Sets the absolute value; `total` replaces the bar's. */
  update(value: number, total?: number, preview?: PreviewImage): void;
  /** Moves on by `by`. */
  advance(by: number): void;
}

/** The prompt as it is now, with the nodes that expansion added. */
export interface DynamicPrompt {
  getNode(id: string): JsonObject;
  hasNode(id: string): boolean;
  allNodeIds(): string[];
  parentOf(id: string): string | undefined;
  displayIdOf(id: string): string;
  realIdOf(id: string): string;
  original(): JsonObject;
}

/** Settings of a run that nodes obey. */
export interface RunSettings {
  /** write prompt and workflow into saved files */
  readonly metadata: boolean;
  /** bounding box of previews in pixels */
  readonly previewSize: number;
}

export interface NodeContext {
  /** unique id of this node, also inside expansions */
  readonly nodeId: string;
  readonly promptId: string;
  /** the prompt as submitted */
  readonly prompt: JsonObject;
  readonly extraData: JsonObject;
  readonly extraPnginfo: JsonObject | undefined;
  readonly dynamicPrompt: DynamicPrompt;
  readonly folders: Folders;
  /** model folder name → directories */
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
  readonly settings: RunSettings;
  /** the default random generator of a run, seeded per run; `Math.random` in spirit */
  readonly random: () => number;
  /** kept while this node id stays in the prompts with the same class (an instance's fields) */
  readonly state: Map<string, unknown>;
  /** set when the run is interrupted; long operations listen */
  readonly signal: AbortSignal;
  /** @throws InterruptedError */
  throwIfInterrupted(): void;
  progressBar(total: number): ProgressBar;
  /** The newer progress call: unthrottled, without the legacy message. */
  setProgress(value: number, max: number, preview?: PreviewImage): void;
  /** Shows a text on the node, on every socket (binary event 3). */
  sendText(text: string): void;
  /** A builder for a graph that takes this node's place; its ids are unique to this call. */
  graph(): GraphBuilder;
  /** Sends any message to the prompt's client. */
  send(type: string, data: JsonObject): void;
}

/** What a validator sees. */
export interface ValidatorInput {
  /** constants by name; links are `null` */
  readonly inputs: Readonly<Record<string, JsonValue>>;
  /** received type by linked input name */
  readonly inputTypes: Readonly<Record<string, JsonValue>>;
}

export interface NodeClass {
  readonly name: string;
  readonly info: NodeInfo;
  readonly lists: readonly FileList[];
  readonly inputIsList: boolean;
  /** runs beside others of the same prompt (Python's async nodes); others are awaited one by one */
  readonly concurrent: boolean;
  /** never shared between equal nodes of a prompt */
  readonly notIdempotent: boolean;
  /** takes constants that it does not declare */
  readonly acceptsAllInputs: boolean;
  readonly execute: (inputs: NodeInputs, context: NodeContext) => NodeReturn | Promise<NodeReturn>;
  /** inputs the validator names, or `"*"`; `inputs` and `inputTypes` as in `ValidatorInput` */
  readonly validates?: readonly string[] | "*";
  readonly validatesTypes?: boolean;
  readonly validate?: (
    input: ValidatorInput,
    folders: ValidationFolders,
  ) => boolean | string | Promise<boolean | string>;
  /** change token from the constant inputs; NaN always runs again */
  readonly fingerprint?: (
    constants: Readonly<Record<string, JsonValue>>,
    folders: ValidationFolders,
  ) => JsonValue | Promise<JsonValue>;
  /** names of lazy inputs that are needed; missing ones are `undefined` in `inputs` */
  readonly checkLazy?: (
    inputs: NodeInputs,
    context: NodeContext,
  ) => readonly string[] | Promise<readonly string[]>;
}

export interface ValidationFolders {
  readonly folders: Folders;
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
}
