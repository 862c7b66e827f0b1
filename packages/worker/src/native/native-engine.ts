/** The engine of a native worker: prompts run in the engine thread, validators answer at once on the main thread. */
import { callValidator, type NodeRegistry } from "@hearth/engine";
import {
  type AttemptRef,
  type JsonValue,
  type PackReport,
  parseJson,
  type ValidatorOutcome,
} from "@hearth/protocol";
import type { Assignment, EngineEvents, WorkerEngine } from "../engine-port.ts";
import type { NativeEngineSettings, WorkerSettings } from "../settings.ts";
import { EngineHost } from "./engine-host.ts";
import type { FromEngine } from "./engine-messages.ts";
import { nativeSettings } from "./native-settings.ts";
import { buildRegistry } from "./registry.ts";

interface Parts {
  readonly settings: WorkerSettings;
  /** where validators look for files */
  readonly places: Pick<WorkerSettings, "folders"> & Pick<NativeEngineSettings, "modelFolders">;
  readonly registry: NodeRegistry;
  readonly packs: readonly PackReport[];
}

export class NativeEngine implements WorkerEngine {
  readonly concurrency = 1;
  readonly #parts: Parts;
  #events: EngineEvents | undefined;
  #host: EngineHost | undefined;

  /** Loads the node classes and packs. */
  static async create(settings: WorkerSettings): Promise<NativeEngine> {
    const { folders } = settings;
    const { modelFolders, packs } = nativeSettings(settings);
    const registered = await buildRegistry(folders, { packs });
    return new NativeEngine({ settings, places: { folders, modelFolders }, ...registered });
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(events: EngineEvents): void {
    this.#events = events;
    const { settings, registry, packs } = this.#parts;
    events.announced({ classes: registry.announcements(), packs });
    this.#host = new EngineHost(settings, (message) => this.#hear(message), events.died);
  }

  #hear(message: FromEngine): void {
    const events = this.#events;
    // Only now: what a hub assigns is to run at once, so that "running" is true.
    if (message.type === "ready") events?.ready();
    else if (message.type === "preview") events?.previewed(message.attempt, message.text, message.preview);
    else if (message.type === "message") events?.said(message.attempt, message.text);
    else events?.finished(message.attempt, message.text);
  }

  run({ jobId, promptId, attempt, prompt, extraData, outputs, resume }: Assignment): void {
    const ref = { jobId, promptId, attempt };
    // What a process that is gone was running is gone with it.
    if (resume === true) {
      this.#events?.gaveUp(ref, { kind: "lost", text: "The worker that ran the prompt is gone." });
    } else this.#host?.run({ attempt: ref, prompt, extraData, outputs });
  }

  interrupt({ promptId }: AttemptRef): void {
    this.#host?.interrupt(promptId);
  }

  free({ unloadModels, freeMemory }: { unloadModels: boolean; freeMemory: boolean }): void {
    this.#host?.free(unloadModels, freeMemory);
  }

  validate(className: string, given: string): Promise<ValidatorOutcome> {
    const { inputs, inputTypes } = parseJson(given) as {
      inputs: Record<string, JsonValue>;
      inputTypes: Record<string, JsonValue>;
    };
    const { registry, places } = this.#parts;
    return callValidator(registry.get(className), { inputs, inputTypes }, places);
  }

  async close(): Promise<void> {
    // The thread ends with the process.
  }
}
