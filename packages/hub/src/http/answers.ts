/** Answers and bodies in the dialect of the ComfyUI contract (section 2.1). */
import { type JsonValue, JsonSyntaxError, parseJson, type ParseOptions, printJson } from "@hearth/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { InvalidJsonError, statusText } from "./errors.ts";

declare module "fastify" {
  interface FastifyReply {
    /** raised by the framework, not by an operation: no headers are added (section 2.1) */
    bare: boolean;
  }
}

export const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";

/** Sends a value as Python prints it: `", "`, `": "`, ASCII. */
export function sendJson(reply: FastifyReply, value: unknown, status = 200): FastifyReply {
  return sendText(reply, printJson(value), JSON_TYPE, status);
}

/** Sends text as it is. A buffer that is sent again and again is compressed only once. */
export function sendText(
  reply: FastifyReply,
  text: string | Buffer,
  contentType = TEXT_TYPE,
  status = 200,
): FastifyReply {
  return reply
    .code(status)
    .header("content-type", contentType)
    .send(typeof text === "string" ? Buffer.from(text) : text);
}

/** "200 empty": `Content-Length: 0` and, but for a few answers, no content type. */
export function sendEmpty(reply: FastifyReply, status = 200, contentType?: string): FastifyReply {
  if (contentType === undefined) reply.removeHeader("content-type");
  else reply.header("content-type", contentType);
  return reply.code(status).header("content-length", "0").send();
}

/** The text of a status, as the framework says it: no headers are added to it. */
export function sendStatus(reply: FastifyReply, status: number, text = statusText(status)): FastifyReply {
  reply.bare = true;
  return sendText(reply, text, TEXT_TYPE, status);
}

/**
 * What a JSON body may hold. A prompt of 10,000 nodes has some 200,000 values; the millions that fit into the body limit
 * would keep the hub from answering anybody for most of a minute. Integers are as long as Python reads them.
 */
export const BODY_LIMITS: ParseOptions = { maxValues: 1_000_000, maxDigits: 4300 };

/**
 * The request body as JSON, whatever its content type says.
 * @throws InvalidJsonError when it is not JSON, not UTF-8, absent, or beyond `BODY_LIMITS`
 */
export function bodyJson(request: FastifyRequest): JsonValue {
  const body = request.body as Buffer | undefined;
  try {
    return parseJson(decodeUtf8(body ?? Buffer.alloc(0)), BODY_LIMITS);
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof TypeError) throw new InvalidJsonError(error);
    throw error;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Buffer): string {
  return UTF8.decode(bytes);
}
