export { inspectDatabase } from "@hearth/jobs";
export { defaultModelFolders, modelPaths } from "./files/model-folders.ts";
export { defaultDatabaseFile, type Hub, type HubOptions, startHub } from "./hub.ts";
export type { WorkerLauncher } from "./link/supervisor.ts";
export { keptSecret, linkSocketPath } from "./runtime-files.ts";
