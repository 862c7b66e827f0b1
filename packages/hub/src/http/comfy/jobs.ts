/** `/api/jobs` (section 3.8). */
import type { JobSummary } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson, printJson, pyRepr, RawJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { normalizedOutputs } from "../../jobs/outputs-summary.ts";
import { BODY_LIMITS, JSON_TYPE, sendJson, sendText } from "../answers.ts";
import { route } from "../twin.ts";
import { AnswerCache } from "./answer-cache.ts";
import { callerOf } from "./caller.ts";
import type { ComfyContext } from "./context.ts";
import { queryInt } from "./history.ts";

/** Our states in the words of this contract. */
const STATUS: Record<JobSummary["state"], string> = {
  accepted: "pending",
  uploaded: "pending",
  queued: "pending",
  running: "in_progress",
  completed: "completed",
  failed: "failed",
  stalled: "failed",
  cancelled: "cancelled",
  invalid: "failed",
};
const STATES: Record<string, JobSummary["state"][]> = {
  pending: ["accepted", "uploaded", "queued"],
  in_progress: ["running"],
  completed: ["completed"],
  failed: ["failed", "stalled", "invalid"],
  cancelled: ["cancelled"],
};
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A job as the list shows it; keys without a value are left out. */
function summary(job: JobSummary): Record<string, unknown> {
  const ended = job.endedAt !== undefined;
  return {
    id: job.promptId,
    status: STATUS[job.state],
    priority: new RawJson(job.number),
    create_time: job.createdAt,
    execution_start_time: ended ? job.startedAt : undefined,
    execution_end_time: job.endedAt,
    execution_error: job.error === undefined ? undefined : new RawJson(job.error),
    outputs_count: job.outputsCount,
    previewable_outputs_count: job.previewableCount,
    preview_output: job.previewOutput === undefined ? undefined : new RawJson(job.previewOutput),
    workflow_id: job.workflowId,
  };
}

interface ListQuery {
  readonly states?: JobSummary["state"][];
  readonly workflowId?: string;
  readonly sortBy: "created_at" | "execution_duration";
  readonly sortOrder: "asc" | "desc";
  readonly limit?: number;
  readonly offset: number;
}

/** Reads the query in the order in which the reference checks it; a string is what is wrong. */
function readQuery(query: Record<string, string | undefined>): ListQuery | string {
  const words = (query["status"] ?? "")
    .split(",")
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== "");
  const bad = words.filter((word) => !Object.hasOwn(STATES, word));
  if (bad.length > 0) {
    return `Invalid status value(s): ${bad.join(", ")}. Valid values: pending, in_progress, completed, failed, cancelled`;
  }
  const sortBy = (query["sort_by"] ?? "created_at").toLowerCase();
  if (sortBy !== "created_at" && sortBy !== "execution_duration") {
    return "sort_by must be 'created_at' or 'execution_duration'";
  }
  const sortOrder = (query["sort_order"] ?? "desc").toLowerCase();
  if (sortOrder !== "asc" && sortOrder !== "desc") return "sort_order must be 'asc' or 'desc'";
  const limit = queryInt(query["limit"]);
  if (limit === null) return "limit must be an integer";
  if (limit !== undefined && limit <= 0) return "limit must be a positive integer";
  const offset = queryInt(query["offset"]);
  if (offset === null) return "offset must be an integer";
  const workflowId = query["workflow_id"];
  return {
    ...(words.length > 0 ? { states: words.flatMap((word) => STATES[word] ?? []) } : {}),
    ...(workflowId === undefined || workflowId === "" ? {} : { workflowId }),
    sortBy,
    sortOrder,
    ...(limit === undefined ? {} : { limit }),
    offset: Math.max(0, offset ?? 0),
  };
}

export function registerJobs(app: FastifyInstance, context: ComfyContext): void {
  const { store, queue, dispatcher, sockets } = context;
  const cache = new AnswerCache();

  route(app, "GET", "/api/jobs", async (request, reply) => {
    const query = readQuery(request.query as Record<string, string | undefined>);
    if (typeof query === "string") return sendJson(reply, { error: query }, 400);
    const owner = callerOf(request).sees;
    const text = await cache.text(store.version, `${owner ?? ""} ${request.url}`, async () => {
      const { jobs, total } = await store.listJobs({ ...query, owner });
      return printJson({
        jobs: jobs.map(summary),
        pagination: {
          offset: query.offset,
          limit: query.limit ?? null,
          total,
          has_more: query.offset + jobs.length < total,
        },
      });
    });
    return sendText(reply, text, JSON_TYPE);
  });

  const detail = async (
    request: FastifyRequest,
    reply: FastifyReply,
    promptId: string,
  ): Promise<FastifyReply> => {
    const job = await store.getByPromptId(promptId, callerOf(request).sees);
    if (job === undefined || job.historyDeleted) return sendJson(reply, { error: "Job not found" }, 404);
    const body = summary(job);
    if (job.endedAt !== undefined) {
      body["outputs"] = normalizedOutputs(parseJson(job.outputs ?? "{}") as JsonObject);
      body["execution_status"] = new RawJson(job.status ?? "null");
      body["workflow"] = { prompt: new RawJson(job.prompt), extra_data: new RawJson(job.extraData) };
    }
    return sendJson(reply, body);
  };
  route(app, "GET", "/api/jobs/:job_id", (request, reply) =>
    detail(request, reply, (request.params as { job_id: string }).job_id),
  );
  // Only POST means all of them; to GET it is an id like any other.
  route(app, "GET", "/api/jobs/cancel", (request, reply) => detail(request, reply, "cancel"));

  /** Stops what runs, removes what waits; finished and unknown jobs stay as they are. */
  const cancel = async (ids: readonly string[], owner: string | undefined): Promise<boolean> => {
    let cancelled = false;
    for (const id of ids) {
      const removed = await store.cancel([id], owner);
      if (removed > 0) {
        queue.removed(removed);
        sockets().broadcastStatus();
        cancelled = true;
      } else if (dispatcher.interrupt({ promptId: id, owner })) cancelled = true;
    }
    return cancelled;
  };

  route(app, "POST", "/api/jobs/:job_id/cancel", async (request, reply) => {
    const { job_id } = request.params as { job_id: string };
    return sendJson(reply, { cancelled: await cancel([job_id], callerOf(request).sees) });
  });

  route(app, "POST", "/api/jobs/cancel", async (request, reply) => {
    const ids = readIds(request);
    if ("error" in ids) return sendJson(reply, ids, 400);
    return sendJson(reply, { cancelled: await cancel(ids.ids, callerOf(request).sees) });
  });
}

function readIds(request: FastifyRequest): { ids: string[] } | { error: string; invalid_ids?: string[] } {
  let body: unknown;
  try {
    body = parseJson((request.body as Buffer | undefined)?.toString("utf8") ?? "", BODY_LIMITS);
  } catch {
    return { error: "Request body must be valid JSON" };
  }
  const ids = isJsonObject(body) ? body["job_ids"] : undefined;
  if (!Array.isArray(ids)) return { error: "job_ids must be a list" };
  const bad = ids.filter((id) => typeof id !== "string" || !UUID.test(id));
  if (bad.length > 0) {
    return {
      error: "job_ids contains invalid id(s)",
      invalid_ids: bad.map((id) => (typeof id === "string" ? id : pyRepr(id))),
    };
  }
  return { ids: ids as string[] };
}
