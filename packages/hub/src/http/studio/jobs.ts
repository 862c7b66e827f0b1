/** Studio's operations on events, the queue and the history. */
import type { FastifyInstance } from "fastify";
import { registerStudioEvents } from "./events.ts";
import { registerStudioHistory } from "./history.ts";
import type { StudioJobParts } from "./job-parts.ts";
import { registerStudioPackage } from "./package.ts";
import { registerStudioQueue } from "./queue.ts";
import { registerStudioRetry } from "./retry.ts";

/** Registers all of them on `app`. */
export function registerStudioJobs(app: FastifyInstance, parts: StudioJobParts): void {
  registerStudioEvents(app, parts);
  registerStudioQueue(app, parts);
  registerStudioHistory(app, parts);
  registerStudioRetry(app, parts);
  registerStudioPackage(app, parts);
}
