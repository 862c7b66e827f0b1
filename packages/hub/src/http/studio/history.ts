/** The history of Studio: list, one record, delete. */
import { Readable } from "node:stream";
import type { JobRecord, ListRecords } from "@hearth/jobs";
import { printJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply } from "fastify";
import Type, { type Static } from "typebox";
import { sees } from "../../auth/identity.ts";
import { JSON_TYPE, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody, checkedQuery } from "../validate.ts";
import { deleteJobs } from "./delete-jobs.ts";
import { names } from "./events.ts";
import type { StudioJobParts } from "./job-parts.ts";
import { ENDED, statesOf, studioRecord, studioRecordDetail } from "./record.ts";

export const QUERY = Type.Object({
  /** absent: all */
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  /** comma-separated: completed, error, stalled */
  status: Type.Optional(Type.String()),
  workflow_id: Type.Optional(Type.String()),
  /** words that occur in the job: its texts, titles, seeds, file names */
  q: Type.Optional(Type.String()),
  /** for an admin: whose jobs */
  owner: Type.Optional(Type.String()),
});

export const DELETE = Type.Object({ prompt_ids: Type.Array(Type.String()) });
/** So many records are read and printed before others get their turn. */
const CHUNK = 250;

export function registerStudioHistory(app: FastifyInstance, parts: StudioJobParts): void {
  const { store, zone } = parts;
  const register = ownContract(app, studioError);

  register("GET", "/api/admin/history", "read", async (request, reply) => {
    const query = checkedQuery(request, QUERY);
    const chosen = selection(query, sees(request.identity));
    if (chosen === undefined) return sendJson(reply.header("x-total-count", "0"), []);
    const { limit, offset } = query;
    if (limit === undefined && offset === undefined) return sendAll(reply, parts, chosen);
    const { jobs, total } = await store.listRecords({ ...chosen, limit, offset });
    return sendJson(
      reply.header("x-total-count", String(total)),
      jobs.map((job) => studioRecord(job, zone)),
    );
  });

  register("GET", "/api/admin/history/:prompt_id", "read", async (request, reply) => {
    const { prompt_id: promptId } = request.params as { prompt_id: string };
    const job = await store.recordByPromptId(promptId, sees(request.identity));
    if (job === undefined) throw new HttpError(404, "Job not found");
    return sendJson(reply, studioRecordDetail(job, zone));
  });

  register("POST", "/api/admin/history/delete", "run", async (request, reply) => {
    const { prompt_ids } = checkedBody(request, DELETE);
    return sendJson(reply, { deleted: await deleteJobs(parts, prompt_ids, sees(request.identity)) });
  });
}

/** Undefined: nothing can match. */
function selection(query: Static<typeof QUERY>, own: string | undefined): ListRecords | undefined {
  const { status, workflow_id, q, owner } = query;
  if (own !== undefined && owner !== undefined && owner !== own) return undefined;
  const wanted = names(status)?.flatMap(statesOf);
  return {
    states: wanted === undefined ? ENDED : wanted.filter((state) => ENDED.includes(state)),
    owner: own ?? owner,
    studioWorkflow: workflow_id === "" ? undefined : workflow_id,
    text: q === undefined || q.trim() === "" ? undefined : q,
    order: "newest",
  };
}

/** However long the history is, it is never in memory whole, and other requests are answered in between. */
async function sendAll(
  reply: FastifyReply,
  parts: StudioJobParts,
  chosen: ListRecords,
): Promise<FastifyReply> {
  const page = async (acceptedBefore: string | undefined): Promise<JobRecord[]> =>
    (await parts.store.listRecords({ ...chosen, acceptedBefore, limit: CHUNK, countAll: false })).jobs;
  const print = (job: JobRecord): string => printJson(studioRecord(job, parts.zone));
  const first = await page(undefined);
  if (first.length < CHUNK) {
    return sendJson(
      reply,
      first.map((job) => studioRecord(job, parts.zone)),
    );
  }
  const texts = async function* (): AsyncGenerator<string> {
    yield `[${first.map(print).join(", ")}`;
    let last = first.at(-1)?.id;
    for (;;) {
      const jobs = await page(last);
      if (jobs.length === 0) break;
      yield `, ${jobs.map(print).join(", ")}`;
      last = jobs.at(-1)?.id;
    }
    yield "]";
  };
  return reply.header("content-type", JSON_TYPE).send(Readable.from(texts(), { objectMode: false }));
}
