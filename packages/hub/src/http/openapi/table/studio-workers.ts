/** Studio's workers. */
import { Type } from "typebox";
import { MEMBER_STATES } from "../../../workers/member-state.ts";
import { CHANGE, FREE } from "../../studio/workers.ts";
import { inPath, json, jsonBody, type Operation } from "../operation.ts";
import { anyObject, described, open, orNull, words } from "../schema.ts";
import { ref } from "../schemas/ref.ts";
import { studioRows } from "./studio-words.ts";

const TAG = "Studio: server";
const BASE = "/api/admin/workers";
const NAME = inPath("name", "The worker.");
const NO_WORKER = "There is no such worker.";

const text = Type.String();
const flag = Type.Boolean();
const count = Type.Integer({ minimum: 0 });
const texts = ref("Strings");

const CANARY = open({ is_ok: flag, at: text, took_ms: count, problem: orNull(text) });

const WORKER = open({
  name: text,
  engine: words("native", "comfyui"),
  state: words(...MEMBER_STATES),
  problem: described(orNull(text), "Why it takes no job."),
  mode: words("on", "paused", "draining", "disabled"),
  address: described(orNull(text), "Of the ComfyUI that it drives."),
  is_supervised: described(flag, "This server starts it, and starts it again."),
  is_remote: described(orNull(flag), "It dials from another machine; null while it is not connected."),
  files: described(words("shared", "link"), "`shared`: it reads and writes this server's own folders."),
  concurrency: described(Type.Integer({ minimum: 1 }), "Jobs at once."),
  tags: texts,
  devices: described(Type.Array(anyObject()), "As the ComfyUI's own `/system_stats` lists them."),
  comfyui_version: orNull(text),
  memory_bytes: described(orNull(Type.Number()), "Of the worker's process."),
  cpu_seconds: described(orNull(Type.Number()), "Of the worker's process."),
  models_warm: described(texts, "Model files that its last job with models loaded."),
  running: described(count, "Jobs that it runs, whosever they are."),
  current_jobs: described(
    Type.Array(open({ prompt_id: text, started_at: orNull(text) })),
    "Those of them that the key may see.",
  ),
  completed: described(count, "Since this server started."),
  failed: count,
  last_error: described(
    orNull(open({ prompt_id: text, text, at: text })),
    "The last job that failed on it, where the key may see it.",
  ),
  canary: described(orNull(CANARY), "The end of the last tiny prompt that was to prove that it runs."),
  classes: described(count, "Node classes that it knows."),
  packs: Type.Array(open({ name: text, problem: orNull(text) })),
  seen_at: described(orNull(text), "When it was heard last."),
});

export const STUDIO_WORKERS: readonly Operation[] = studioRows([
  {
    id: "studioListWorkers",
    method: "GET",
    path: BASE,
    scope: "read",
    tag: TAG,
    summary: "All workers, connected or not",
    answers: { 200: json("Native ones first, then by name.", Type.Array(WORKER)) },
  },
  {
    id: "studioGetWorker",
    method: "GET",
    path: `${BASE}/:name`,
    scope: "read",
    tag: TAG,
    summary: "One worker",
    parameters: [NAME],
    answers: { 200: json("The worker.", WORKER) },
    refusals: { 404: NO_WORKER },
  },
  {
    id: "studioChangeWorker",
    method: "PATCH",
    path: `${BASE}/:name`,
    scope: "admin",
    tag: TAG,
    summary: "Pause, drain, disable or tag a worker, or give it more jobs at once",
    description:
      "`draining`: it ends what it runs, and is disabled then. `null` takes tags or concurrency back: what the worker says of itself counts again.",
    parameters: [NAME],
    body: jsonBody(CHANGE),
    answers: { 200: json("The worker.", WORKER) },
    refusals: { 404: NO_WORKER },
  },
  {
    id: "studioRunCanary",
    method: "POST",
    path: `${BASE}/:name/canary`,
    scope: "admin",
    tag: TAG,
    summary: "Run a tiny prompt on a worker now",
    description: "The answer comes with its end, after two minutes at the latest.",
    parameters: [NAME],
    answers: { 200: json("How it ended.", CANARY) },
    refusals: { 404: NO_WORKER, 409: "The worker is not connected, busy, or cannot run it." },
  },
  {
    id: "studioFreeWorker",
    method: "POST",
    path: `${BASE}/:name/free`,
    scope: "admin",
    tag: TAG,
    summary: "Free the memory of a worker",
    description: "Without members: both. Freeing memory unloads models too.",
    parameters: [NAME],
    body: { ...jsonBody(FREE), required: false },
    answers: {
      200: json("What it was told.", open({ name: text, unload_models: flag, free_memory: flag })),
    },
    refusals: { 404: NO_WORKER, 409: "The worker is not connected." },
  },
  {
    id: "studioForgetWorker",
    method: "DELETE",
    path: `${BASE}/:name`,
    scope: "admin",
    tag: TAG,
    summary: "Forget a worker that is gone",
    parameters: [NAME],
    answers: { 200: json("It is forgotten.", open({ forgotten: text })) },
    refusals: { 404: NO_WORKER, 409: "The worker is connected, or this server starts it." },
  },
]);
