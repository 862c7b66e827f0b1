export * from "./folders.ts";
export * from "./frames.ts";
export * from "./inside.ts";
export * from "./json.ts";
export * from "./link.ts";
export * from "./messages.ts";
export * from "./node-info.ts";
export * from "./python.ts";
