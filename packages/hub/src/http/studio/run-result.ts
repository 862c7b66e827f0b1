/** `GET /api/run/status/{prompt_id}` and `GET /api/run/result/{prompt_id}`. */
import type { JobRecord, JobState } from "@hearth/jobs";
import type { JsonObject } from "@hearth/protocol";
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { sees } from "../../auth/identity.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import type { Register } from "../own-contract.ts";
import { checkedQuery } from "../validate.ts";
import { progressOf } from "./queue.ts";
import { shownFiles, statusOf, studioRecord } from "./record.ts";
import type { RunContext } from "./run-parts.ts";

const GOING_ON: ReadonlySet<JobState> = new Set(["accepted", "uploaded", "queued", "running"]);

export const RESULT_QUERY = Type.Object({
  /** only files of this kind */
  output_type: Type.Optional(
    Type.Union(["image", "video", "audio", "model", "file"].map((media) => Type.Literal(media))),
  ),
});

export function registerRunResult(register: Register, context: RunContext): void {
  register("GET", "/api/run/status/:promptId", "read", async (request, reply) => {
    const job = await jobOf(request, context);
    return sendJson(reply, { ...statusFields(job, context), ...outcome(job, context) });
  });
  register("GET", "/api/run/result/:promptId", "read", async (request, reply) => {
    const { output_type: wanted } = checkedQuery(request, RESULT_QUERY);
    const job = await jobOf(request, context);
    if (GOING_ON.has(job.state)) {
      throw new HttpError(409, `Job ${job.promptId} has not ended: it is ${statusOf(job.state)}`);
    }
    const files = shownFiles(job.outputs).filter(({ media }) => wanted === undefined || media === wanted);
    if (wanted !== undefined && files.length === 0) {
      throw new HttpError(404, `Job ${job.promptId} has no output of the type '${wanted}'`);
    }
    return sendJson(reply, {
      ...outcome(job, context),
      status: statusOf(job.state),
      output: files[0] ?? null,
      outputs: files,
    });
  });
}

async function jobOf(request: FastifyRequest, { store }: RunContext): Promise<JobRecord> {
  const { promptId } = request.params as { promptId: string };
  const job = await store.recordByPromptId(promptId, sees(request.identity));
  if (job === undefined) throw new HttpError(404, "Job not found");
  return job;
}

/** The fields of a progress message; a job that has ended well stands at 100 percent. */
function statusFields(job: JobRecord, context: RunContext): JsonObject {
  const progress = progressOf(context, job);
  const isDone = job.state === "completed";
  return {
    ...progress,
    status: statusOf(job.state),
    ...(isDone ? { percent: 100, eta_seconds: 0 } : {}),
  };
}

/** What became of a job, as far as it has become. */
function outcome(job: JobRecord, { zone }: RunContext): JsonObject {
  const record = studioRecord(job, zone);
  const fields = ["prompt_id", "workflow_id", "workflow_name", "output_dir", "seeds", "output", "error"];
  return Object.fromEntries(fields.map((name) => [name, record[name] ?? null]));
}
