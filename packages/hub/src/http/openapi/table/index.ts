/** All operations: of the ComfyUI contract, of signing in, of the house itself, of Studio and of Control. */
import type { Operation } from "../operation.ts";
import { ASSET_WORK } from "./asset-work.ts";
import { ASSETS } from "./assets.ts";
import { CONTROL_LISTS } from "./control-lists.ts";
import { CONTROL_WORKFLOWS } from "./control-workflows.ts";
import { FILES } from "./files.ts";
import { JOBS } from "./jobs.ts";
import { NODES, SERVER } from "./nodes.ts";
import { PROMPTS } from "./prompts.ts";
import { STUDIO_FILES } from "./studio-files.ts";
import { STUDIO_JOBS } from "./studio-jobs.ts";
import { STUDIO_MODELS } from "./studio-models.ts";
import { STUDIO_PRESETS } from "./studio-presets.ts";
import { STUDIO_RUN } from "./studio-run.ts";
import { STUDIO_SERVER } from "./studio-server.ts";
import { STUDIO_SYSTEM } from "./studio-system.ts";
import { STUDIO_WORKERS } from "./studio-workers.ts";
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
  ...STUDIO_RUN,
  ...STUDIO_PRESETS,
  ...STUDIO_JOBS,
  ...STUDIO_MODELS,
  ...STUDIO_FILES,
  ...STUDIO_SERVER,
  ...STUDIO_SYSTEM,
  ...STUDIO_WORKERS,
  ...CONTROL_WORKFLOWS,
  ...CONTROL_LISTS,
];

/** The paths of a row: the one that is described, and the bare one where there is one. */
export function pathsOf({ path, twin }: Operation): string[] {
  return twin === true ? [path, path.slice("/api".length)] : [path];
}
