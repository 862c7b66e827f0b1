/** Runs prompts, one at a time, and keeps between them what the cache mode allows. */
import type { Folders, RunMessage, RunRequest, RunResult, ValidatorOutcome } from "@hearth/protocol";
import { makeCache } from "./cache/make-cache.ts";
import type { CacheMode, ResultCache } from "./cache/result-cache.ts";
import { EngineBusyError } from "./errors.ts";
import type { RunSettings, ValidatorInput } from "./node-class.ts";
import type { NodeRegistry } from "./node-registry.ts";
import { NodeStates } from "./node-state.ts";
import { PromptRun } from "./run.ts";
import { callValidator } from "./validator.ts";

export interface EngineOptions {
  readonly registry: NodeRegistry;
  readonly folders: Folders;
  /** model folder name → directories */
  readonly modelFolders: Readonly<Record<string, readonly string[]>>;
  readonly settings: RunSettings;
  readonly cache: CacheMode;
  /** takes everything that a run says, in order */
  readonly emit: (promptId: string, message: RunMessage) => void;
  /** Unix milliseconds */
  readonly now?: () => number;
  /** shared with the thread that wants to interrupt: nonzero asks the running prompt to stop; the owner resets it */
  readonly interruptFlag?: Int32Array;
  /** bytes that this process can still take, for cache mode `ram` */
  readonly availableMemory?: () => number;
  /** lets go of loaded models, when a client asks for it */
  readonly unloadModels?: () => void;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #cache: ResultCache;
  readonly #states = new NodeStates();
  #current: PromptRun | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#cache = makeCache(options.cache, options.availableMemory);
  }

  /**
   * Runs a prompt that was validated. Errors of nodes are part of the result.
   * @throws EngineBusyError while another prompt runs
   */
  async run(request: RunRequest): Promise<RunResult> {
    if (this.#current !== undefined) throw new EngineBusyError(this.#current.promptId);
    const { registry, folders, modelFolders, settings, emit, now, interruptFlag } = this.#options;
    this.#current = new PromptRun(
      {
        registry,
        folders,
        modelFolders,
        settings,
        emit,
        interruptFlag,
        cache: this.#cache,
        states: this.#states,
        now: now ?? Date.now,
      },
      request,
    );
    try {
      return await this.#current.execute();
    } finally {
      this.#current = undefined;
    }
  }

  /** Stops the prompt at its next point of interruption, if it is the one that runs. */
  interrupt(promptId: string): void {
    if (this.#current?.promptId === promptId) this.#current.interrupt();
  }

  /** Lets go of models, or of everything that is kept between prompts. A running prompt keeps what it holds. */
  free({ unloadModels, freeMemory }: { readonly unloadModels: boolean; readonly freeMemory: boolean }): void {
    if (unloadModels) this.#options.unloadModels?.();
    if (!freeMemory) return;
    this.#cache.clear();
    this.#states.clear();
  }

  /** Asks a class's own validator; a class without one, or one that is not here, accepts everything. */
  validate(className: string, given: ValidatorInput): Promise<ValidatorOutcome> {
    return callValidator(this.#options.registry.get(className), given, this.#options);
  }
}
