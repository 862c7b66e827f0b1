/** `/api/jobs`. */
import { Type } from "typebox";
import { COMFY_USER, inPath, inQuery, json, jsonBody, type Operation } from "../operation.ts";
import { closed, open } from "../schema.ts";
import { ref } from "../schemas/ref.ts";

const JOB_ID = inPath("job_id", "The prompt id.");
const UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const WORD = "(pending|in_progress|completed|failed|cancelled)";

export const JOBS: readonly Operation[] = [
  {
    id: "listJobs",
    method: "GET",
    path: "/api/jobs",
    tag: "jobs",
    summary: "Jobs that wait, run and have ended, in pages",
    parameters: [
      COMFY_USER,
      inQuery(
        "status",
        "States, separated by commas: pending, in_progress, completed, failed, cancelled.",
        Type.String({ pattern: `^(${WORD}(,${WORD})*)?$` }),
      ),
      inQuery("workflow_id", "Only jobs of this workflow."),
      inQuery(
        "sort_by",
        "Default: created_at.",
        Type.Unsafe<string>({ type: "string", enum: ["created_at", "execution_duration"] }),
      ),
      inQuery("sort_order", "Default: desc.", Type.Unsafe<string>({ type: "string", enum: ["asc", "desc"] })),
      inQuery("limit", "At most so many; absent: all.", Type.Integer({ minimum: 1 })),
      inQuery("offset", "Leave out so many; a negative one counts as 0.", Type.Integer()),
    ],
    answers: {
      200: json("The page.", ref("JobPage")),
      400: json("A parameter is wrong; the text names it.", ref("Problem")),
    },
  },
  {
    id: "getJob",
    method: "GET",
    path: "/api/jobs/:job_id",
    tag: "jobs",
    summary: "One job",
    parameters: [COMFY_USER, JOB_ID],
    answers: {
      200: json("The job; once it has ended with its outputs, status and prompt.", ref("Job")),
      404: json("There is none of this id.", ref("Problem")),
    },
  },
  {
    id: "cancelJob",
    method: "POST",
    path: "/api/jobs/:job_id/cancel",
    tag: "jobs",
    summary: "Cancel one job",
    description: "One that runs is stopped, one that waits is removed, any other stays as it is.",
    parameters: [COMFY_USER, JOB_ID],
    answers: { 200: json("Whether anything was cancelled.", ref("Cancelled")) },
  },
  {
    id: "cancelJobs",
    method: "POST",
    path: "/api/jobs/cancel",
    tag: "jobs",
    summary: "Cancel several jobs",
    parameters: [COMFY_USER],
    body: jsonBody(open({ job_ids: Type.Array(Type.String({ pattern: UUID })) })),
    answers: {
      200: json("Whether anything was cancelled.", ref("Cancelled")),
      400: json(
        "The body is not JSON, has no list, or an id that is no lower-case UUID.",
        closed({ error: Type.String(), invalid_ids: Type.Optional(Type.Array(Type.String())) }),
      ),
    },
  },
  {
    id: "getJobNamedCancel",
    method: "GET",
    path: "/api/jobs/cancel",
    tag: "jobs",
    summary: "The job whose id is `cancel`",
    parameters: [COMFY_USER],
    answers: { 404: json("There is none of this id.", ref("Problem")) },
    unlisted: "it is getJob for an id that happens to be the name of another operation",
  },
];
