export * from "./errors.ts";
export { EventFile } from "./event-file.ts";
export * from "./job.ts";
export { openSqliteStore } from "./sqlite/sqlite-store.ts";
export type { JobState } from "./states.ts";
export type { HistoryWindow, JobStore, ListJobs } from "./store.ts";
export { type DatabaseFindings, inspectDatabase } from "./sqlite/inspect.ts";
