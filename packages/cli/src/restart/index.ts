export { Releases, type Trial } from "./releases.ts";
export { replaceProcess } from "./replace-process.ts";
export { startRelease } from "./start-release.ts";
