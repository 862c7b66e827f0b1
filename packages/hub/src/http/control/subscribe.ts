/**
 * `GET /v1/workflow/{id}/subscribe`: whole snapshots, the first at once, then one about every two seconds, at most 120,
 * until the workflow ends. Only for who asks: `?push=1` changes at once, `?limit=0` no limit, `?ids=1` event ids;
 * `Last-Event-ID` what was missed, and 204 when there is nothing left to say, which ends a browser's attempts.
 */
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { missedSince, type Missed } from "../../control/replay.ts";
import { isTerminal } from "../../control/status.ts";
import { sendEmpty } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { checkedQuery } from "../validate.ts";
import { baseOf } from "./access.ts";
import { type ControlContext, jobOf } from "./context.ts";
import { WorkflowStream } from "./stream.ts";

const FLAG = Type.Optional(Type.Union([Type.Literal("0"), Type.Literal("1")]));
export const QUERY = Type.Object({
  push: FLAG,
  ids: FLAG,
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
});

/** The streams that are open. */
export interface Streams {
  readonly count: () => number;
  /** Ends all of them. */
  readonly end: () => void;
}

/** Registers the operation. */
export function registerSubscribe(context: ControlContext): Streams {
  const { register, feeds, parts } = context;
  const { intervalMs, maxUpdates, publicUrl } = parts.options;
  const streams = new Set<WorkflowStream>();
  register("GET", "/v1/workflow/:id/subscribe", "read", async (request, reply) => {
    const record = await jobOf(request, context);
    const query = checkedQuery(request, QUERY);
    const since = lastEventId(request);
    reply
      .header("content-type", "text/event-stream")
      .header("cache-control", "no-cache")
      // A proxy that collects answers would hold events back.
      .header("x-accel-buffering", "no");
    if (request.method === "HEAD") return reply.send();
    let missed: Missed[] = [];
    if (since !== undefined) {
      const found = await missedSince(parts.store, record, since);
      if (!found.hasNews && isTerminal(record.state)) return sendEmpty(reply, 204);
      ({ missed } = found);
    }
    const stream = new WorkflowStream(feeds, record.promptId, {
      base: baseOf(request, publicUrl),
      intervalMs,
      maxUpdates: query.limit ?? maxUpdates,
      push: query.push === "1",
      ids: query.ids === "1" || since !== undefined,
      missed,
    });
    streams.add(stream);
    const forget = context.app.access.whileKeyHolds(request.identity, () => stream.finish());
    const free = (): void => {
      streams.delete(stream);
      forget();
      stream.destroy();
    };
    stream.once("close", () => streams.delete(stream));
    reply.raw.once("close", free);
    if (context.stopping.aborted) stream.finish();
    else stream.start().catch((error: Error) => stream.destroy(error));
    return reply.send(stream);
  });
  return {
    count: () => streams.size,
    end: () => {
      for (const stream of streams) stream.finish();
    },
  };
}

function lastEventId(request: FastifyRequest): number | undefined {
  const given = request.headers["last-event-id"];
  if (given === undefined || given === "") return undefined;
  const number = Number(given);
  if (typeof given !== "string" || !Number.isSafeInteger(number) || number < 0) {
    throw new HttpError(400, `Last-Event-ID '${String(given)}' is no id of this stream`);
  }
  return number;
}
