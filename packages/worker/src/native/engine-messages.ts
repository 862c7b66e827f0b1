/** What the main thread and the engine thread of a worker say to each other. */
import type { AttemptRef, Preview } from "@hearth/protocol";
import type { WorkerSettings } from "../settings.ts";

export type ToEngine =
  | {
      readonly type: "run";
      readonly attempt: AttemptRef;
      readonly prompt: string;
      readonly extraData: string;
      readonly outputs: readonly string[];
    }
  | { readonly type: "interrupt"; readonly promptId: string }
  | { readonly type: "free"; readonly unloadModels: boolean; readonly freeMemory: boolean };

/** Messages and results are printed JSON already: the main thread passes them on without reading them. */
export type FromEngine =
  | { readonly type: "ready" }
  | { readonly type: "message"; readonly attempt: AttemptRef; readonly text: string }
  | {
      readonly type: "preview";
      readonly attempt: AttemptRef;
      /** the progress message without its preview */
      readonly text: string;
      readonly preview: Preview;
    }
  | { readonly type: "finished"; readonly attempt: AttemptRef; readonly text: string };

export interface EngineThreadData {
  readonly settings: WorkerSettings;
  /** element 0 is nonzero while an interrupt of the running prompt is requested */
  readonly interruptFlag: Int32Array;
}
