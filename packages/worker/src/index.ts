export { inspectPacks } from "./native/packs.ts";
export { createEngine } from "./create-engine.ts";
export { startWorker, type WorkerProcess } from "./start.ts";
export {
  type ComfyUiEngineSettings,
  type HubAddress,
  type NativeEngineSettings,
  settingsDigest,
  type WorkerSettings,
} from "./settings.ts";
export { Worker } from "./worker.ts";
