export * from "./expansion.ts";
export * from "./node-class.ts";
