export { inspectDatabase } from "@hearth/jobs";
export { ControlOptionError, controlOptions } from "./control/options.ts";
export { zoneFrom } from "./http/studio/local-time.ts";
export { defaultModelFolders, modelPaths, withAddedFolders } from "./files/model-folders.ts";
export { LogRing } from "./ops/log-ring.ts";
export { ExtraPathsError, readExtraPaths } from "./models/extra-paths.ts";
export { defaultDatabaseFile, type Hub, type HubOptions, startHub } from "./hub.ts";
export type { WorkerLauncher } from "./link/supervisor.ts";
export { keptSecret, linkSocketPath } from "./runtime-files.ts";
