/** Request bodies: raw bytes under any content type, inflated within a bound, given up when they stand still. */
import { Transform, type TransformCallback } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import { SpentBuffers } from "../files/spent-buffers.ts";
import { HttpError } from "./errors.ts";

/** So much of a refused body is read and dropped, so that its sender gets to read the answer. */
const DRAIN_BYTES = 64 * 1024 * 1024;

const MEDIA_TYPE = /^\s*[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;|$)/;

/** Installs the body manners on `app`. `limit`: bytes of a body, inflated; `idleMs`: how long one may stand still. */
export function acceptRawBodies(app: FastifyInstance, limit: number, idleMs: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.addHook("onRequest", (request, _reply, done) => {
    // Fastify refuses a content type that it cannot read; nobody here looks at it.
    const type = request.headers["content-type"];
    if (type !== undefined && !MEDIA_TYPE.test(type)) delete request.raw.headers["content-type"];
    done();
  });

  app.addHook("preParsing", (request, reply, payload, done) => {
    giveUpWhenIdle(request, reply, idleMs);
    try {
      done(null, decoded(request, payload, limit));
    } catch (error) {
      done(error as Error);
    }
  });
}

/** Ends the connection of a sender that stands still: it would not read an answer either. */
function giveUpWhenIdle(request: FastifyRequest, reply: FastifyReply, idleMs: number): void {
  const { raw } = request;
  const { "content-length": length, "transfer-encoding": transfer } = raw.headers;
  if (raw.complete || (transfer === undefined && (length === undefined || length === "0"))) return;
  const timer = setTimeout(() => raw.destroy(new HttpError(408, "the request body stood still")), idleMs);
  const stop = (): void => clearTimeout(timer);
  // A listener would start the flow before the parser is there.
  raw.pause();
  raw.on("data", () => timer.refresh());
  raw.once("end", stop).once("error", stop);
  reply.raw.once("close", stop);
}

function decoded(request: FastifyRequest, payload: RequestPayload, limit: number): RequestPayload {
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding === "identity" || encoding === "") return payload;
  if (encoding !== "gzip" && encoding !== "x-gzip" && encoding !== "deflate") {
    throw new HttpError(415, `content encoding ${encoding} is not supported`);
  }
  const inflate = encoding === "deflate" ? createInflate() : createGunzip();
  const bounded = Object.assign(new ByteLimit(limit), { receivedEncodedLength: 0 });
  payload.on("data", (chunk: Buffer) => (bounded.receivedEncodedLength += chunk.length));
  payload.on("error", (error) => bounded.destroy(error));
  // Whoever reads it hears of the error; when nobody does, it is no reason to die.
  bounded.on("error", () => undefined);
  inflate.on("error", () => bounded.destroy(new HttpError(400, `the body is not ${encoding}`)));
  bounded.on("close", () => {
    payload.unpipe(inflate);
    inflate.destroy();
  });
  payload.pipe(inflate).pipe(bounded);
  return bounded;
}

/** Passes bytes on, and fails with 413 beyond `limit`. */
export class ByteLimit extends Transform {
  readonly #limit: number;
  readonly #buffers = new SpentBuffers();
  #bytes = 0;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.length;
    this.#buffers.spent(chunk.length);
    if (this.#bytes > this.#limit) done(new HttpError(413));
    else done(null, chunk);
  }
}

/**
 * Reads on and drops what is left of a refused body. Closing at once would reset the connection under a client that
 * still sends, and it would never see the answer.
 */
export function drainBody(request: FastifyRequest): void {
  const { raw } = request;
  if (raw.complete || raw.destroyed) return;
  let left = DRAIN_BYTES;
  raw.unpipe();
  raw.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) raw.destroy();
  });
  raw.resume();
}
