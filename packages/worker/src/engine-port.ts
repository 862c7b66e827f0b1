/**
 * What a worker is made of: `Worker` speaks the link and keeps what the hub has not heard yet; an engine runs prompts.
 * The native engine runs them in a thread of its own, the ComfyUI engine on the ComfyUI that it drives.
 */
import type {
  AttemptFailure,
  AttemptRef,
  HubToWorker,
  Preview,
  ValidatorOutcome,
  WorkerState,
  WorkerToHub,
} from "@hearth/protocol";

/** A prompt to run, as the hub sent it. */
export type Assignment = Extract<HubToWorker, { type: "assign" }>;
/** What the engine can run: classes, packs, models. */
export type Announcement = Omit<Extract<WorkerToHub, { type: "nodes" }>, "type">;

/**
 * What an engine tells its worker. Texts are printed JSON, which the worker passes on without reading it. Whatever is
 * said of an attempt that was dropped is ignored.
 */
export interface EngineEvents {
  /** it can run prompts, or say why not: from now on the hub is dialled */
  readonly ready: () => void;
  /** what it can run is another than before */
  readonly announced: (announcement: Announcement) => void;
  readonly stateChanged: (state: WorkerState) => void;
  /** a `RunMessage` */
  readonly said: (attempt: AttemptRef, message: string) => void;
  /** a `progress` message without its preview, and the preview */
  readonly previewed: (attempt: AttemptRef, message: string, preview: Preview) => void;
  /** a `RunResult` */
  readonly finished: (attempt: AttemptRef, result: string) => void;
  readonly gaveUp: (attempt: AttemptRef, failure: AttemptFailure) => void;
  /** nothing can run any more: the process ends, and its supervisor starts another */
  readonly died: (reason: string) => void;
}

/** Every method returns at once; what comes of it is said through `EngineEvents`. */
export interface WorkerEngine {
  /** how many prompts may be given to it at once */
  readonly concurrency: number;
  start(events: EngineEvents): void;
  run(assignment: Assignment): void;
  /** Stops a prompt of its own; its result says that it was interrupted. */
  interrupt(attempt: AttemptRef): void;
  free(what: { readonly unloadModels: boolean; readonly freeMemory: boolean }): void;
  /** Asks a class's own validator; absent: this engine has none. */
  validate?(className: string, given: string): Promise<ValidatorOutcome>;
  /** Where a tunnel leads; absent: nowhere. */
  readonly tunnelTarget?: TunnelTarget;
  /** Ends what it started. */
  close(): Promise<void>;
}

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}
