/** All operations of the ComfyUI contract, of signing in and of the house itself. */
import type { Operation } from "../operation.ts";
import { ASSET_WORK } from "./asset-work.ts";
import { ASSETS } from "./assets.ts";
import { FILES } from "./files.ts";
import { JOBS } from "./jobs.ts";
import { NODES, SERVER } from "./nodes.ts";
import { PROMPTS } from "./prompts.ts";
import { USERS } from "./users.ts";
import { INTERNAL, OPERATIONS, WEB } from "./web.ts";

export const TABLE: readonly Operation[] = [
  ...PROMPTS,
  ...JOBS,
  ...FILES,
  ...NODES,
  ...USERS,
  ...WEB,
  ...ASSETS,
  ...ASSET_WORK,
  ...SERVER,
  ...INTERNAL,
  ...OPERATIONS,
];

/** The paths of a row: the one that is described, and the bare one where there is one. */
export function pathsOf({ path, twin }: Operation): string[] {
  return twin === true ? [path, path.slice("/api".length)] : [path];
}
