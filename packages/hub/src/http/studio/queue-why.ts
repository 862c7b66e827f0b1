/** Why a job waits, or why it runs where it does. */
import type { JobStore } from "@hearth/jobs";
import type { FastifyInstance } from "fastify";
import { sees } from "../../auth/identity.ts";
import { QueuePlaces } from "../../control/places.ts";
import { workerNameOf } from "../../jobs/worker-name.ts";
import { whyWaiting, type WhyParts } from "../../workers/why.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { localTime } from "./local-time.ts";
import { statusOf } from "./record.ts";

export interface QueueWhyParts extends WhyParts {
  readonly store: JobStore;
  readonly zone?: string | undefined;
}

export function registerQueueWhy(app: FastifyInstance, parts: QueueWhyParts): void {
  const { store, zone } = parts;
  const register = ownContract(app, studioError);
  const places = new QueuePlaces(store);

  register("GET", "/api/admin/queue/:prompt_id/why", "read", async (request, reply) => {
    const { prompt_id: promptId } = request.params as { prompt_id: string };
    const job = await store.getByPromptId(promptId, sees(request.identity));
    if (job === undefined) throw new HttpError(404, "Job not found");
    const isWaiting = job.state === "queued";
    const place = isWaiting ? ((await places.current()).get(job.id) ?? null) : null;
    const { needs, workers, decisions, retries } = whyWaiting(parts, job);
    return sendJson(reply, {
      prompt_id: job.promptId,
      status: statusOf(job.state),
      place,
      worker: nameOf(job.workerId),
      because: job.because ?? null,
      needs,
      workers: isWaiting ? workers : [],
      decisions: decisions.map(({ at, worker, text }) => ({ at: localTime(at, zone), worker, text })),
      retries: retries.map(({ attempt, workerId, kind, text, at }) => ({
        ...{ attempt, worker: nameOf(workerId), kind, text, at: localTime(at, zone) },
      })),
    });
  });
}

function nameOf(workerId: string | undefined): string | null {
  return workerId === undefined ? null : workerNameOf(workerId);
}
