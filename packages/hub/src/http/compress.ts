/** `--enable-compress-response-body` (section 2.2): JSON and plain text, never files or streams. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";

const gzipAsync = promisify(gzip);

/** Level 6 of a large answer costs more than the wire saves on a local network. */
const LEVEL = 4;

export class Compressor {
  /** Answers that are kept as buffers (all node classes) are compressed once for as long as they are kept. */
  readonly #kept = new WeakMap<Buffer, Promise<Buffer>>();

  /** The compressed payload with its headers set, or the payload as it was. */
  async apply(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    if (!Buffer.isBuffer(payload) || payload.length === 0 || request.method === "HEAD") return payload;
    if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) return payload;
    const type = String(reply.getHeader("content-type") ?? "").split(";")[0];
    if (type !== "application/json" && type !== "text/plain") return payload;
    let packed = this.#kept.get(payload);
    if (packed === undefined) {
      packed = gzipAsync(payload, { level: LEVEL });
      this.#kept.set(payload, packed);
    }
    const bytes = await packed;
    reply
      .header("content-encoding", "gzip")
      .header("vary", "Accept-Encoding")
      .header("content-length", bytes.length);
    return bytes;
  }
}
