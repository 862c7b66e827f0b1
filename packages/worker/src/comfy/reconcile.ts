/**
 * What a ComfyUI itself knows of a job: its queue, its history, and its jobs where it has them. Prompts of Hearth carry
 * `extra_data.hearth = {job, attempt}`, by which they are found whatever their id is.
 */
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "@hearth/protocol";
import { type ComfyClient, Unanswered } from "./comfy-client.ts";

/** How much of the history is read for a prompt whose id the ComfyUI chose itself. */
const HISTORY_ENTRIES = 64;

/** Which prompt is looked for. */
export interface Wanted {
  readonly jobId: string;
  /** the prompt's id on the ComfyUI, or the one that it would have */
  readonly comfyId: string;
  /** whose history entry it may be, by its mark; `undefined`: it carries none */
  readonly isOwn: (attempt: number | undefined, entry: JsonObject) => boolean;
}

export type Place =
  | { readonly at: "running" | "pending"; readonly comfyId: string; readonly attempt: number | undefined }
  | { readonly at: "ended"; readonly comfyId: string; readonly entry: JsonObject }
  | { readonly at: "unknown" };

interface QueueItem {
  readonly comfyId: string;
  readonly attempt: number | undefined;
}

export class Reconciler {
  readonly #client: ComfyClient;
  /** unknown until it was asked once */
  #hasJobs: boolean | undefined;

  constructor(client: ComfyClient) {
    this.#client = client;
  }

  /** Asks the queue, then the history, then the jobs. @throws Unanswered */
  async look(wanted: Wanted): Promise<Place> {
    const queued = await this.inQueue(wanted);
    if (queued !== undefined) return queued;
    const history = await this.#history(wanted.comfyId);
    const entry = history === undefined ? undefined : ownEntry(wanted, history);
    if (entry !== undefined) return { at: "ended", comfyId: wanted.comfyId, entry };
    // An entry of another job under the same id: then this one was never here.
    if (history !== undefined) return { at: "unknown" };
    return (await this.#inJobs(wanted)) ?? { at: "unknown" };
  }

  /** Whether the queue has it. What it has twice (a submit that came late) is taken out once. @throws Unanswered */
  async inQueue(wanted: Wanted): Promise<Exclude<Place, { at: "ended" | "unknown" }> | undefined> {
    const queue = await this.#client.json("/queue");
    if (!isJsonObject(queue)) throw this.#noComfy("/queue");
    const running = ownItem(wanted, queue["queue_running"]);
    const pending = ownItem(wanted, queue["queue_pending"]);
    if (running !== undefined) {
      if (pending !== undefined) await this.deletePending(pending.comfyId);
      return { at: "running", ...running };
    }
    return pending === undefined ? undefined : { at: "pending", ...pending };
  }

  /** Its history entry, if it has ended. @throws Unanswered */
  async ended(wanted: Wanted): Promise<JsonObject | undefined> {
    const entry = await this.#history(wanted.comfyId);
    return entry === undefined ? undefined : ownEntry(wanted, entry);
  }

  /** The same for a prompt whose id is not known. @throws Unanswered */
  async endedUnderAnyId(wanted: Wanted): Promise<{ comfyId: string; entry: JsonObject } | undefined> {
    const history = await this.#client.json(`/history?max_items=${HISTORY_ENTRIES}`);
    for (const [comfyId, entry] of Object.entries(isJsonObject(history) ? history : {})) {
      if (!isJsonObject(entry)) continue;
      const mark = markOf(promptParts(entry["prompt"])?.extra);
      if (mark?.job === wanted.jobId && wanted.isOwn(mark.attempt, entry)) return { comfyId, entry };
    }
    return undefined;
  }

  /** Takes it out of the queue; one that runs is left alone. @throws Unanswered */
  async deletePending(comfyId: string): Promise<void> {
    await this.#client.post("/queue", JSON.stringify({ delete: [comfyId] }));
  }

  /** Stops it. Only for a prompt that runs: older versions stop whatever does. @throws Unanswered */
  async interrupt(comfyId: string): Promise<void> {
    await this.#client.post("/interrupt", JSON.stringify({ prompt_id: comfyId }));
  }

  async #history(comfyId: string): Promise<JsonObject | undefined> {
    const history = await this.#client.json(`/history/${encodeURIComponent(comfyId)}`);
    if (!isJsonObject(history)) throw this.#noComfy("/history");
    const entry = Object.hasOwn(history, comfyId) ? history[comfyId] : undefined;
    return isJsonObject(entry) ? entry : undefined;
  }

  async #inJobs({ comfyId }: Wanted): Promise<Place | undefined> {
    if (this.#hasJobs === false) return undefined;
    const { status, text } = await this.#client.request("GET", `/api/jobs/${encodeURIComponent(comfyId)}`);
    if (status >= 500) throw new Unanswered(`${this.#client.shown} answered /api/jobs with ${status}`, true);
    let answer: JsonValue;
    try {
      answer = parseJson(text);
    } catch {
      answer = null;
    }
    // Without the route, too, the answer is a 404; but only the route says why in JSON.
    this.#hasJobs ??= isJsonObject(answer);
    if (status !== 200 || !isJsonObject(answer)) return undefined;
    // What has ended there meanwhile is in the history the next time.
    if (answer["status"] !== "pending" && answer["status"] !== "in_progress") return undefined;
    return { at: answer["status"] === "pending" ? "pending" : "running", comfyId, attempt: undefined };
  }

  #noComfy(path: string): Unanswered {
    return new Unanswered(`${this.#client.shown} answered GET ${path} unlike a ComfyUI`, true);
  }
}

function ownItem({ jobId, comfyId }: Wanted, items: JsonValue | undefined): QueueItem | undefined {
  for (const item of Array.isArray(items) ? items : []) {
    const parts = promptParts(item);
    if (parts === undefined) continue;
    const mark = markOf(parts.extra);
    if (mark === undefined ? parts.id === comfyId : mark.job === jobId) {
      return { comfyId: parts.id, attempt: mark?.attempt };
    }
  }
  return undefined;
}

function ownEntry(wanted: Wanted, entry: JsonObject): JsonObject | undefined {
  const mark = markOf(promptParts(entry["prompt"])?.extra);
  if (mark !== undefined && mark.job !== wanted.jobId) return undefined;
  return wanted.isOwn(mark?.attempt, entry) ? entry : undefined;
}

/** The parts of `[number, id, prompt, extra_data, outputs]` that matter here. */
function promptParts(item: JsonValue | undefined): { id: string; extra: JsonValue | undefined } | undefined {
  return Array.isArray(item) && typeof item[1] === "string" ? { id: item[1], extra: item[3] } : undefined;
}

function markOf(extra: JsonValue | undefined): { job: string; attempt: number } | undefined {
  const mark = isJsonObject(extra) ? extra["hearth"] : undefined;
  if (!isJsonObject(mark)) return undefined;
  const { job, attempt } = mark;
  return typeof job === "string" && typeof attempt === "number" ? { job, attempt } : undefined;
}
