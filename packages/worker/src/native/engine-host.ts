/** The main thread's side of the engine thread. */
import { Worker } from "node:worker_threads";
import type { WorkerSettings } from "../settings.ts";
import type { EngineThreadData, FromEngine, ToEngine } from "./engine-messages.ts";

export class EngineHost {
  readonly #thread: Worker;
  readonly #flag = new Int32Array(new SharedArrayBuffer(4));

  /** `onDeath` is called when the thread is gone: nothing of the running prompt can be saved then. */
  constructor(
    settings: WorkerSettings,
    onMessage: (message: FromEngine) => void,
    onDeath: (reason: string) => void,
  ) {
    const workerData: EngineThreadData = { settings, interruptFlag: this.#flag };
    this.#thread = new Worker(new URL("./engine-thread.ts", import.meta.url), { workerData });
    this.#thread.on("message", onMessage);
    this.#thread.on("error", (error) => onDeath(error.stack ?? String(error)));
    this.#thread.on("exit", (code) => onDeath(`the engine thread ended with code ${code}`));
  }

  run(message: Omit<Extract<ToEngine, { type: "run" }>, "type">): void {
    Atomics.store(this.#flag, 0, 0);
    this.#post({ type: "run", ...message });
  }

  /** Sets the flag that a busy node reads, and tells the thread, which aborts what waits. */
  interrupt(promptId: string): void {
    Atomics.store(this.#flag, 0, 1);
    this.#post({ type: "interrupt", promptId });
  }

  free(unloadModels: boolean, freeMemory: boolean): void {
    this.#post({ type: "free", unloadModels, freeMemory });
  }

  #post(message: ToEngine): void {
    this.#thread.postMessage(message);
  }
}
