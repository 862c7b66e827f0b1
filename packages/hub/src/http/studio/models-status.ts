/** `GET /api/admin/models/status`: all downloads as server-sent events, a whole snapshot every second. */
import { PassThrough } from "node:stream";
import { printJson } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { Downloads } from "../../downloads/downloads.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import type { Register } from "../own-contract.ts";

const EVERY_MS = 1_000;
/** A client that has so much unread gets no more until it has read: each snapshot says everything anyway. */
const MAX_UNREAD = 256 * 1024;

/** Registers the stream, and `GET /api/admin/downloads`, which answers one snapshot. Streams end when `app` closes. */
export function registerModelStatus(
  app: FastifyInstance,
  register: Register,
  downloads: Downloads,
  everyMs: number = EVERY_MS,
): void {
  const streams = new Set<PassThrough>();
  let timer: NodeJS.Timeout | undefined;
  const snapshot = (): string => `data: ${printJson({ downloads: downloads.list() }, "compact")}\n\n`;
  const tick = (): void => {
    const text = snapshot();
    for (const stream of streams)
      if (stream.readableLength + stream.writableLength < MAX_UNREAD) stream.write(text);
  };
  const leave = (stream: PassThrough): void => {
    streams.delete(stream);
    if (streams.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  register("GET", "/api/admin/models/status", "read", (request, reply) => {
    reply
      .header("content-type", "text/event-stream")
      .header("cache-control", "no-cache")
      .header("x-accel-buffering", "no");
    if (request.method === "HEAD") return sendEmpty(reply, 200, "text/event-stream");
    const stream = new PassThrough();
    const forget = app.access.whileKeyHolds(request.identity, () => {
      leave(stream);
      stream.end();
    });
    stream.on("close", () => {
      forget();
      leave(stream);
    });
    stream.on("error", () => leave(stream));
    reply.raw.on("close", () => stream.destroy());
    streams.add(stream);
    stream.write(snapshot());
    timer ??= setInterval(tick, everyMs);
    return reply.send(stream);
  });
  register("GET", "/api/admin/downloads", "read", (_request, reply) => sendJson(reply, downloads.list()));
  app.addHook("preClose", (done) => {
    for (const stream of streams) stream.end();
    done();
  });
}
