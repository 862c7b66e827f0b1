/** Studio's queue, history and events. */
import { Type } from "typebox";
import { QUERY as EVENTS } from "../../studio/events.ts";
import { DELETE, QUERY as HISTORY } from "../../studio/history.ts";
import { CANCEL, PLACE } from "../../studio/queue.ts";
import { BODY as AGAIN } from "../../studio/retry.ts";
import { bytes, json, jsonBody, type Operation } from "../operation.ts";
import { described, open, orNull, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { queryOf } from "./contract-row.ts";
import { PROMPT_ID, studioRows } from "./studio-words.ts";

const TAG = "Studio: jobs";
const NO_JOB = "There is no such job.";
const state = json("How the queue stands.", ref("StudioQueueState"));
const again = json("It is queued.", open({ prompt_id: Type.String(), retry_of: Type.String() }));
const texts = ref("Strings");
const WHY = open({
  prompt_id: Type.String(),
  status: words("queued", "running", "completed", "error", "stalled"),
  place: described(orNull(Type.Integer()), "In the queue of all owners, from 1; null when it does not wait."),
  worker: orNull(Type.String()),
  because: described(orNull(Type.String()), "Why that worker got it."),
  needs: open({ models: texts, tags: texts }),
  workers: Type.Array(
    open({
      worker: Type.String(),
      eligible: Type.Boolean(),
      reasons: texts,
      never: described(Type.Boolean(), "One of the reasons does not end by itself."),
      busy: Type.Boolean(),
      running: Type.Integer(),
      warm: described(Type.Boolean(), "It holds the model files of the job."),
    }),
  ),
  decisions: Type.Array(open({ at: Type.String(), worker: Type.String(), text: Type.String() })),
  retries: Type.Array(
    open({
      attempt: Type.Integer(),
      worker: orNull(Type.String()),
      kind: Type.String(),
      text: Type.String(),
      at: Type.String(),
    }),
  ),
});

export const STUDIO_JOBS: readonly Operation[] = studioRows([
  {
    id: "studioListQueue",
    method: "GET",
    path: "/api/admin/queue",
    scope: "read",
    tag: TAG,
    summary: "Jobs that run or wait",
    answers: { 200: json("In their order, each with `progress`.", Type.Array(ref("StudioJob"))) },
  },
  {
    id: "studioGetQueueState",
    method: "GET",
    path: "/api/admin/queue/state",
    scope: "read",
    tag: TAG,
    summary: "How the queue stands",
    answers: { 200: state },
  },
  {
    id: "studioPauseQueue",
    method: "POST",
    path: "/api/admin/queue/pause",
    scope: "admin",
    tag: TAG,
    summary: "Begin no further jobs",
    answers: { 200: state },
  },
  {
    id: "studioResumeQueue",
    method: "POST",
    path: "/api/admin/queue/resume",
    scope: "admin",
    tag: TAG,
    summary: "Begin jobs again",
    answers: { 200: state },
  },
  {
    id: "studioCancelJobs",
    method: "POST",
    path: "/api/admin/queue/cancel",
    scope: "run",
    tag: TAG,
    summary: "Stop jobs",
    description: "Exactly one of the members is needed.",
    body: jsonBody(CANCEL),
    answers: { 200: json("Those that were active.", open({ cancelled: ref("Strings") })) },
    refusals: { 403: "The key lacks the scope, or the jobs are somebody else's." },
  },
  {
    id: "studioMoveJob",
    method: "PATCH",
    path: "/api/admin/queue/:prompt_id",
    scope: "run",
    tag: TAG,
    summary: "Move a job that waits",
    description: "Exactly one of the members is needed.",
    parameters: [PROMPT_ID],
    body: jsonBody(PLACE),
    answers: { 200: json("Its new number.", open({ prompt_id: Type.String(), number: Type.Number() })) },
    refusals: { 404: NO_JOB, 409: "The job does not wait." },
  },
  {
    id: "studioExplainJob",
    method: "GET",
    path: "/api/admin/queue/:prompt_id/why",
    scope: "read",
    tag: TAG,
    summary: "Why a job waits, or runs where it does",
    parameters: [PROMPT_ID],
    answers: { 200: json("What each worker says to it, and what was decided.", WHY) },
    refusals: { 404: NO_JOB },
  },
  {
    id: "studioListHistory",
    method: "GET",
    path: "/api/admin/history",
    scope: "read",
    tag: TAG,
    summary: "Jobs that have ended",
    parameters: queryOf(HISTORY, {
      limit: "So many; absent: all.",
      offset: "Without the first.",
      status: "With commas between them: `completed`, `error`, `stalled`.",
      workflow_id: "Of this workflow.",
      q: "Words that occur in the job.",
      owner: "For an admin: whose.",
    }),
    answers: {
      200: json("The newest first; a page has `X-Total-Count`.", Type.Array(ref("StudioJob"))),
    },
  },
  {
    id: "studioGetJob",
    method: "GET",
    path: "/api/admin/history/:prompt_id",
    scope: "read",
    tag: TAG,
    summary: "One job",
    parameters: [PROMPT_ID],
    answers: { 200: json("The job, with its owner and the times of its nodes.", ref("StudioJob")) },
    refusals: { 404: NO_JOB },
  },
  {
    id: "studioGetPackage",
    method: "GET",
    path: "/api/admin/history/:prompt_id/package",
    scope: "read",
    tag: TAG,
    summary: "A job with its files as an archive",
    parameters: [PROMPT_ID],
    answers: { 200: bytes("The archive.", "application/zip") },
    refusals: { 404: NO_JOB },
  },
  {
    id: "studioDeleteJobs",
    method: "POST",
    path: "/api/admin/history/delete",
    scope: "run",
    tag: TAG,
    summary: "Delete jobs with their files",
    body: jsonBody(DELETE),
    answers: { 200: json("Those that are gone.", open({ deleted: ref("Strings") })) },
  },
  {
    id: "studioRetryJob",
    method: "POST",
    path: "/api/admin/history/retry",
    scope: "run",
    tag: TAG,
    summary: "Run a job again from its parameters",
    body: jsonBody(AGAIN),
    answers: { 200: again },
    refusals: {
      400: "`prompt_id` is missing, or the job cannot be rebuilt.",
      404: NO_JOB,
      409: "The job has not ended.",
    },
  },
  {
    id: "studioRerunJob",
    method: "POST",
    path: "/api/admin/history/rerun",
    scope: "run",
    tag: TAG,
    summary: "Run the prompt of a job again as it was",
    body: jsonBody(AGAIN),
    answers: { 200: again },
    refusals: { 400: "`prompt_id` is missing.", 404: NO_JOB, 409: "The job has not ended." },
  },
  {
    id: "studioListEvents",
    method: "GET",
    path: "/api/admin/events",
    scope: "read",
    tag: TAG,
    summary: "What happened lately",
    parameters: queryOf(EVENTS, {
      limit: "So many of the newest; absent: 100.",
      types: "With commas between them; `job.*` takes all that begin so.",
      severity: "With commas between them.",
    }),
    answers: { 200: json("The newest last.", Type.Array(ref("StudioEvent"))) },
  },
]);
