/** What the routes of the Control contract share. */
import type { JobRecord } from "@hearth/jobs";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { sees } from "../../auth/identity.ts";
import type { Feeds } from "../../control/feeds.ts";
import type { IdempotencyKeys } from "../../control/idempotency.ts";
import type { Intake } from "../../control/intake.ts";
import type { ControlParts } from "../../control/parts.ts";
import type { QueuePlaces } from "../../control/places.ts";
import type { SignedUrls } from "../../control/signing.ts";
import type { Webhooks } from "../../control/webhooks/webhooks.ts";
import { HttpError } from "../errors.ts";
import type { Register } from "../own-contract.ts";

export interface ControlContext {
  readonly parts: ControlParts;
  readonly intake: Intake;
  readonly feeds: Feeds;
  readonly places: QueuePlaces;
  readonly urls: SignedUrls;
  readonly idempotency: IdempotencyKeys;
  readonly webhooks: Webhooks;
  /** aborted when the server stops */
  readonly stopping: AbortSignal;
  readonly register: Register;
  /** the same for operations whose bodies are not read before their handler runs */
  readonly registerRaw: Register;
  readonly app: FastifyInstance;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * The job that a request's path names, if the caller may see it.
 * @throws HttpError 404 for unknown ones, those of others, and what is no id
 */
export async function jobOf(request: FastifyRequest, context: ControlContext): Promise<JobRecord> {
  const { id = "" } = request.params as { id?: string };
  const record = isUuid(id)
    ? await context.parts.store.recordByPromptId(id, sees(request.identity))
    : undefined;
  if (record === undefined) throw new HttpError(404, `There is no workflow ${id}`);
  return record;
}
