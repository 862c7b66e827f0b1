/** The queue of Studio: what runs and waits, its order, holding it, and taking jobs out of it. */
import type { JobRecord, Place } from "@hearth/jobs";
import type { JsonObject } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { sees } from "../../auth/identity.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import type { StudioJobParts } from "./job-parts.ts";
import { ACTIVE, statusOf, studioRecord } from "./record.ts";
import { stopJobs } from "./stop-jobs.ts";

export const CANCEL = Type.Object({
  prompt_ids: Type.Optional(Type.Array(Type.String())),
  all: Type.Optional(Type.Boolean()),
  owner: Type.Optional(Type.String()),
});

export const PLACE = Type.Object({
  number: Type.Optional(Type.Number()),
  front: Type.Optional(Type.Literal(true)),
  before: Type.Optional(Type.String()),
  after: Type.Optional(Type.String()),
});

export function registerStudioQueue(app: FastifyInstance, parts: StudioJobParts): void {
  const { store, queue, pause, dispatcher, events } = parts;
  const register = ownContract(app, studioError);
  const state = (): object => ({ paused: pause.isPaused, queued: queue.pending, running: queue.running });

  register("GET", "/api/admin/queue", "read", async (request, reply) => {
    const { jobs } = await store.listRecords({
      states: ACTIVE,
      owner: sees(request.identity),
      order: "queue",
      countAll: false,
    });
    return sendJson(
      reply,
      jobs.map((job) => ({ ...studioRecord(job, parts.zone), progress: progressOf(parts, job) })),
    );
  });

  register("GET", "/api/admin/queue/state", "read", (_request, reply) => sendJson(reply, state()));

  for (const [word, paused] of [
    ["pause", true],
    ["resume", false],
  ] as const) {
    register("POST", `/api/admin/queue/${word}`, "admin", async (_request, reply) => {
      if (await pause.set(paused)) await events.emit(paused ? "queue.paused" : "queue.resumed");
      if (!paused) dispatcher.kick();
      return sendJson(reply, state());
    });
  }

  register("POST", "/api/admin/queue/cancel", "run", async (request, reply) => {
    const { prompt_ids, all, owner } = checkedBody(request, CANCEL);
    const own = sees(request.identity);
    if ([prompt_ids, all === true ? all : undefined, owner].filter((way) => way !== undefined).length !== 1) {
      throw new HttpError(422, "body must have exactly one of prompt_ids, all, owner");
    }
    if (owner !== undefined && own !== undefined && owner !== own) {
      throw new HttpError(403, "only an admin key cancels the jobs of others");
    }
    const whose = owner ?? own;
    const ids = prompt_ids ?? (await activeIds(parts, whose));
    return sendJson(reply, { cancelled: await stopJobs(parts, ids, whose) });
  });

  register("PATCH", "/api/admin/queue/:prompt_id", "run", async (request, reply) => {
    const { prompt_id: promptId } = request.params as { prompt_id: string };
    const wanted = checkedBody(request, PLACE);
    const owner = sees(request.identity);
    const job = await waiting(parts, promptId, owner);
    const place = await placeOf(parts, wanted, owner);
    if (!(await store.move(job.id, place))) throw new HttpError(409, "the job does not wait any more");
    parts.sockets().broadcastStatus();
    const moved = await store.recordByPromptId(promptId, owner);
    return sendJson(reply, { prompt_id: promptId, number: Number(moved?.number ?? job.number) });
  });
}

/** Live progress, or what the record alone tells. */
export function progressOf({ progress }: Pick<StudioJobParts, "progress">, job: JobRecord): JsonObject {
  const view = progress.get(job.id)?.view();
  return {
    status: view?.status ?? statusOf(job.state),
    node_title: view?.node_title ?? "",
    node_type: view?.node_type ?? "",
    step: view?.step ?? 0,
    total_steps: view?.total_steps ?? 0,
    nodes_done: view?.nodes_done ?? 0,
    total_nodes: view?.total_nodes ?? 0,
    effective_total: view?.effective_total ?? 0,
    cached_count: view?.cached_count ?? 0,
    percent: view?.percent ?? 0,
    eta_seconds: view?.eta_seconds ?? null,
    step_rate: view?.step_rate ?? null,
    node_outputs: (view?.node_outputs ?? {}) as unknown as JsonObject,
  };
}

async function activeIds({ store }: StudioJobParts, owner: string | undefined): Promise<string[]> {
  // The queue first from its end, so that nothing begins to run only to be stopped at once.
  const { jobs } = await store.listRecords({ states: ACTIVE, owner, order: "queue", countAll: false });
  return jobs.map((job) => job.promptId).reverse();
}

async function waiting(
  parts: StudioJobParts,
  promptId: string,
  owner: string | undefined,
): Promise<JobRecord> {
  const job = await parts.store.recordByPromptId(promptId, owner);
  if (job === undefined) throw new HttpError(404, "Job not found");
  if (job.state !== "queued") throw new HttpError(409, `Job ${promptId} does not wait in the queue`);
  return job;
}

async function placeOf(
  parts: StudioJobParts,
  wanted: { number?: number; front?: true; before?: string; after?: string },
  owner: string | undefined,
): Promise<Place> {
  const { number, front, before, after } = wanted;
  if ([number, front, before, after].filter((way) => way !== undefined).length !== 1) {
    throw new HttpError(422, "body must have exactly one of number, front, before, after");
  }
  if (number !== undefined) return { number };
  if (before !== undefined) return { before: (await waiting(parts, before, owner)).id };
  if (after !== undefined) return { after: (await waiting(parts, after, owner)).id };
  return { front: true };
}
