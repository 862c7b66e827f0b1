/** `/prompt`, `/queue`, `/interrupt`, `/free` (sections 3.2 to 3.6). */
import type { QueuedJob } from "@hearth/jobs";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  printJson,
  RawJson,
} from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { submitPrompt } from "../../jobs/submit.ts";
import { BODY_LIMITS, bodyJson, sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { twin } from "../twin.ts";
import type { ClientSocket } from "../../sockets/client-socket.ts";
import { callerOf } from "./caller.ts";
import type { ComfyContext } from "./context.ts";

/** Bodies of `/interrupt`: what cannot be read counts as empty. */
function optionalBody(request: FastifyRequest): JsonObject {
  try {
    const value = parseJson((request.body as Buffer | undefined)?.toString("utf8") ?? "{}", BODY_LIMITS);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A list counts as an object without members; anything else is refused. */
function objectBody(value: JsonValue): JsonObject {
  if (isJsonObject(value)) return value;
  if (Array.isArray(value)) return {};
  throw new HttpError(400, "the body must be a JSON object");
}

/**
 * A client that learns the prompt's id from the answer and only then listens for it would miss a run that is quicker
 * than itself, and wait for ever. So the frames of a client whose socket is here wait until its program has gone round a
 * few times after the answer left: it has read it then, however slow it is. The run itself does not wait.
 */
const LISTEN_ROUNDS = 4;
/** Nobody is waited for longer. */
const LISTEN_MS = 250;

/** The ids of a `delete` list; a text counts as its characters, as in Python. */
export function idList(value: JsonValue | undefined): string[] {
  if (typeof value === "string") return [...value];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function registerQueue(app: FastifyInstance, context: ComfyContext): void {
  const { store, queue, dispatcher, sockets } = context;

  twin(app, "GET", "/prompt", (_request, reply) =>
    sendJson(reply, { exec_info: { queue_remaining: queue.remaining } }),
  );

  twin(app, "POST", "/prompt", async (request, reply) => {
    const usageSource = request.headers["comfy-usage-source"];
    let listener: { client: ClientSocket; open: () => void } | undefined;
    const answer = await submitPrompt(context.submit, {
      body: bodyJson(request),
      owner: callerOf(request).owner,
      usageSource: typeof usageSource === "string" ? usageSource : undefined,
      beforeAccept: (clientId) => {
        const client = clientId === undefined ? undefined : sockets().get(clientId);
        if (client !== undefined) listener = { client, open: client.holdBack() };
      },
    }).catch((error: unknown) => {
      listener?.open();
      throw error;
    });
    if (listener !== undefined) {
      const { client, open } = listener;
      // "close" follows the last byte of the answer, and also a client that went away.
      reply.raw.once("close", () => void client.settle(LISTEN_ROUNDS, LISTEN_MS).then(open));
    }
    if (answer.status === 200) dispatcher.kick();
    return sendJson(reply, answer.body, answer.status);
  });

  twin(app, "GET", "/queue", async (request, reply) => {
    const { running, pending } = await store.listQueue(callerOf(request).sees);
    return sendJson(reply, {
      queue_running: running.map(queueItem),
      queue_pending: heapOrder(pending).map(queueItem),
    });
  });

  twin(app, "POST", "/queue", async (request, reply) => {
    const { sees } = callerOf(request);
    const body = objectBody(bodyJson(request));
    if (body["clear"] === true) {
      queue.removed(await store.clearQueue(sees));
      sockets().broadcastStatus();
    }
    for (const id of idList(body["delete"])) {
      const removed = await store.cancel([id], sees);
      if (removed === 0) continue;
      queue.removed(removed);
      // ComfyUI says it twice for each deletion.
      sockets().broadcastStatus();
      sockets().broadcastStatus();
    }
    return sendEmpty(reply);
  });

  twin(app, "POST", "/interrupt", (request, reply) => {
    const id = optionalBody(request)["prompt_id"];
    const promptId = typeof id === "string" && id !== "" ? id : undefined;
    dispatcher.interrupt({ promptId, owner: callerOf(request).sees });
    return sendEmpty(reply);
  });

  twin(app, "POST", "/free", (request, reply) => {
    const body = objectBody(bodyJson(request));
    const freeMemory = body["free_memory"] === true;
    const unloadModels = freeMemory || body["unload_models"] === true;
    if (unloadModels)
      for (const link of context.workers()) link.send({ type: "free", unloadModels, freeMemory });
    return sendEmpty(reply);
  });
}

/**
 * The pending jobs as ComfyUI lists them: the array of a binary heap into which they were pushed as they came. The first
 * runs next; the others are in no order that a person would expect, but in this one.
 */
export function heapOrder(jobs: readonly QueuedJob[]): QueuedJob[] {
  const heap: QueuedJob[] = [];
  const before = (a: QueuedJob, b: QueuedJob): boolean => {
    const difference = Number(a.number) - Number(b.number);
    return difference === 0 ? a.promptId < b.promptId : difference < 0;
  };
  for (const job of jobs.toSorted((a, b) => Number(a.id) - Number(b.id))) {
    let at = heap.push(job) - 1;
    for (
      let parent = (at - 1) >> 1;
      at > 0 && before(job, heap[parent] as QueuedJob);
      parent = (at - 1) >> 1
    ) {
      heap[at] = heap[parent] as QueuedJob;
      heap[parent] = job;
      at = parent;
    }
  }
  return heap;
}

/** A queue item: `[number, prompt id, prompt, extra data, output ids]`. */
export function queueItem(job: QueuedJob): RawJson {
  return new RawJson(
    `[${job.number}, ${printJson(job.promptId)}, ${job.prompt}, ${job.extraData}, ${printJson(job.outputsToExecute)}]`,
  );
}
