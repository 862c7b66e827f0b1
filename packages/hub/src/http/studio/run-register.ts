/** Everything of the catalogue, the runner and the presets in one call. */
import type { FastifyInstance } from "fastify";
import { rebuilder } from "../../catalogue/runner.ts";
import type { RebuildJob } from "../../studio/job-details.ts";
import { registerPresets } from "./presets.ts";
import { registerRun } from "./run.ts";
import { runContext, type RunContext, type StudioRunnerParts } from "./run-parts.ts";
import { registerSavedPrompts } from "./saved-prompts.ts";
import { registerWorkflows } from "./workflows.ts";

export interface StudioRunner {
  readonly context: RunContext;
  /** makes a job again, for a retry */
  readonly rebuild: RebuildJob;
}

/** Registers `/api/run/…` (not its socket), `/api/comfyui/view`, and workflows, presets and saved prompts of `/api/admin/…`. */
export function registerStudioRunner(app: FastifyInstance, parts: StudioRunnerParts): StudioRunner {
  const context = runContext(parts);
  registerRun(app, context);
  registerWorkflows(app, context);
  registerPresets(app, context);
  registerSavedPrompts(app, { documents: parts.store.documents, zone: parts.zone });
  return { context, rebuild: rebuilder(context.runner) };
}
