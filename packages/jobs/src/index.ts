export * from "./errors.ts";
export { EventFile, type EventFileOptions } from "./event-file.ts";
export type * from "./documents.ts";
export type * from "./event.ts";
export * from "./job.ts";
export { openSqliteStore, type StoreOptions } from "./sqlite/sqlite-store.ts";
export type { JobState } from "./states.ts";
export type { HistoryWindow, JobStore, ListJobs, ListRecords, Place } from "./store.ts";
export { type DatabaseFindings, inspectDatabase } from "./sqlite/inspect.ts";
