/** `/v1/workflow`: list, get, cancel, outputs. */
import type { JobRecord } from "@hearth/jobs";
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { sees } from "../../auth/identity.ts";
import { JobFolder } from "../../control/job-folder.ts";
import { fullRecord, outputLinks, summaryOf } from "../../control/snapshot.ts";
import { isStatus, statesOf, statusOf, STATUSES } from "../../control/status.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { checkedQuery } from "../validate.ts";
import { baseOf } from "./access.ts";
import { type ControlContext, jobOf } from "./context.ts";
import { PAGE_QUERY, windowOf } from "./pages.ts";

export const LIST_QUERY = Type.Object({ ...PAGE_QUERY, status: Type.Optional(Type.String()) });

export function registerWorkflows(context: ControlContext): void {
  const { register, registerRaw, parts, places, urls } = context;
  const { store } = parts;

  // On one path with creating, whose body is not read.
  registerRaw("GET", "/v1/workflow", "read", async (request, reply) => {
    const query = checkedQuery(request, LIST_QUERY);
    if (query.status !== undefined && !isStatus(query.status)) {
      throw new HttpError(400, `status must be one of ${STATUSES.join(", ")}`);
    }
    const { jobs, total } = await store.listRecords({
      surface: "control",
      owner: sees(request.identity),
      order: "newest",
      states: query.status === undefined ? undefined : statesOf(query.status),
      ...windowOf(query),
    });
    return sendJson(reply, { workflows: jobs.map(summaryOf), total });
  });

  register("GET", "/v1/workflow/:id", "read", async (request, reply) => {
    const record = await jobOf(request, context);
    const place = record.state === "queued" ? (await places.current()).get(record.id) : undefined;
    const original = await new JobFolder(parts.folders.input, record.promptId).original();
    const workflow = original ?? (await store.get(record.id))?.prompt ?? "null";
    return sendJson(reply, fullRecord(record, place, workflow.trim()));
  });

  register("GET", "/v1/workflow/:id/outputs", "read", async (request, reply) => {
    const record = await jobOf(request, context);
    if (record.state !== "completed") {
      throw new HttpError(404, `The workflow has no outputs: it is ${statusOf(record.state)}`);
    }
    const base = baseOf(request, parts.options.publicUrl);
    return sendJson(
      reply,
      outputLinks(record, (output) => urls.sign(base, record.promptId, output)),
    );
  });

  register("POST", "/v1/workflow/:id/cancel", "run", async (request, reply) => {
    const record = await jobOf(request, context);
    await cancel(request, record, context);
    return sendEmpty(reply);
  });
}

const CLAIM_TRIES = 40;
const CLAIM_PAUSE_MS = 25;

/**
 * Takes a job out of the queue, or asks its worker to stop.
 * @throws HttpError 400 when it neither waits nor runs, 500 when nobody can be asked
 */
async function cancel(request: FastifyRequest, record: JobRecord, context: ControlContext): Promise<void> {
  const { store, submit, dispatcher, queueChanged } = context.parts;
  const { promptId } = record;
  const owner = sees(request.identity);
  for (let tries = 0; tries < CLAIM_TRIES; tries += 1) {
    const removed = await store.cancel([promptId], owner);
    if (removed > 0) {
      submit.queue.removed(removed);
      queueChanged();
      return;
    }
    if (dispatcher.interrupt({ promptId, owner })) return;
    const { state } = (await store.recordByPromptId(promptId, owner)) ?? record;
    if (state !== "queued" && state !== "running") {
      throw new HttpError(400, `The workflow cannot be cancelled: it is ${statusOf(state)}`);
    }
    // It is on its way from the queue to a worker, or back.
    await new Promise((resolve) => setTimeout(resolve, CLAIM_PAUSE_MS));
  }
  throw new HttpError(500, "The worker of the workflow cannot be reached");
}
