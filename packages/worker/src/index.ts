export { inspectPacks } from "./packs.ts";
export { startWorker, type WorkerProcess } from "./start.ts";
export { settingsDigest, type WorkerSettings } from "./settings.ts";
